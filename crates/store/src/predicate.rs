//! Conditions to SQL. From one checked tree come two texts: [`holds`] selects exactly the rows for which the
//! condition is true, [`fails`] exactly those for which it is false; the rows in neither are its errors.
//! Negation swaps the two and is pushed to the leaves, so no NOT ever meets a NULL and `column = constant` stays
//! fit for an index.
//!
//! Not here: the evaluation in memory, which is in `condition` and to which the differential test holds this.
//!
//! Invariant: no LIKE (it ignores case on SQLite), no `/`, `%` or `*` between columns; what is constant
//! (`now - days(30)`) is computed before.

mod leaf;
mod operand;

use proofdesk_condition::{Condition, Context, LinkPath, Node, NodeKind, Outcome, Quantifier, Related, Step};

use crate::sql::Sql;

/// Writes the condition under which a row makes `condition` true. `alias` names the record's table in the
/// statement around; aliases of `x` and a number are used within.
pub fn holds(condition: &Condition, alias: &str, context: &Context, sql: &mut Sql) {
    Writer::new(alias, context, sql).node(condition.tree(), true);
}

/// Writes the condition under which a row makes `condition` false, as [`holds`] does for true.
pub fn fails(condition: &Condition, alias: &str, context: &Context, sql: &mut Sql) {
    Writer::new(alias, context, sql).node(condition.tree(), false);
}

/// A linked record that a leaf reads, with its alias.
#[derive(Clone)]
struct Joined {
    scope: usize,
    links: Vec<Step>,
    alias: String,
}

struct Writer<'a> {
    sql: &'a mut Sql,
    context: &'a Context,
    /// Aliases of the condition's record and of the quantifiers' variables around.
    scopes: Vec<String>,
    /// Linked records of the leaf at hand.
    joined: Vec<Joined>,
    aliases: usize,
}

impl<'a> Writer<'a> {
    fn new(alias: &str, context: &'a Context, sql: &'a mut Sql) -> Self {
        Self { sql, context, scopes: vec![alias.to_owned()], joined: Vec::new(), aliases: 0 }
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("x{}", self.aliases)
    }

    /// Writes when a part is true, or false where `wanted` is.
    fn node(&mut self, node: &Node, wanted: bool) {
        match &node.kind {
            NodeKind::Const(value) => self.known(*value == wanted),
            NodeKind::Not(inner) => self.node(inner, !wanted),
            NodeKind::And(parts) => self.parts(parts, wanted, if wanted { " AND " } else { " OR " }),
            NodeKind::Or(parts) => self.parts(parts, wanted, if wanted { " OR " } else { " AND " }),
            _ => self.single(node, wanted),
        }
    }

    fn known(&mut self, value: bool) {
        self.sql.push(if value { "TRUE" } else { "FALSE" });
    }

    /// Writes parts joined by AND or OR. Leaves that follow the same links share one EXISTS: there is at most one
    /// such record, and many EXISTS make PostgreSQL plan for seconds.
    fn parts(&mut self, parts: &[Node], wanted: bool, join: &str) {
        let mut groups: Vec<Vec<(&Node, bool)>> = Vec::new();
        for part in parts {
            let (leaf, wanted) = leaf::positive(part, wanted);
            let same = |group: &&mut Vec<(&Node, bool)>| {
                leaf::same_links(group[0].0, leaf) && self.settled(group[0].0).is_none()
            };
            match groups.iter_mut().find(same) {
                Some(group) if self.settled(leaf).is_none() => group.push((leaf, wanted)),
                _ => groups.push(vec![(leaf, wanted)]),
            }
        }
        self.sql.push("(");
        for (i, group) in groups.iter().enumerate() {
            if i > 0 {
                self.sql.push(join);
            }
            match group.as_slice() {
                [(node, wanted)] => self.node(node, *wanted),
                leaves => self.with_links(leaves, join),
            }
        }
        self.sql.push(")");
    }

    /// Writes a leaf that stands alone.
    fn single(&mut self, node: &Node, wanted: bool) {
        match self.settled(node) {
            Some(outcome) => self.known(outcome == if wanted { Outcome::True } else { Outcome::False }),
            None => self.with_links(&[(node, wanted)], ""),
        }
    }

    /// Writes leaves that follow the same single links; where there are such, within an EXISTS over the linked
    /// records, since an empty link makes a leaf neither true nor false.
    fn with_links(&mut self, leaves: &[(&Node, bool)], join: &str) {
        let outer = std::mem::take(&mut self.joined);
        for (scope, links) in leaves.iter().flat_map(|(leaf, _)| leaf::ways(leaf)) {
            self.join(scope, links);
        }
        if self.joined.is_empty() {
            self.leaves(leaves, join);
        } else {
            self.linked(leaves, join);
        }
        self.joined = outer;
    }

    fn leaves(&mut self, leaves: &[(&Node, bool)], join: &str) {
        for (i, (leaf, wanted)) in leaves.iter().enumerate() {
            self.sql.push(if i > 0 { join } else { "" });
            self.leaf(leaf, *wanted);
        }
    }

    /// Gives the outcome of a leaf that no row can change.
    fn settled(&self, node: &Node) -> Option<Outcome> {
        let operands = leaf::operands(node);
        if operands.iter().any(|operand| operand::broken(operand, self.context)) {
            return Some(Outcome::Error);
        }
        let constant = !operands.is_empty()
            && !matches!(node.kind, NodeKind::Related(..) | NodeKind::HasOption(..))
            && operands.iter().all(|operand| operand.is_constant());
        constant.then(|| proofdesk_condition::evaluate_constant(node, self.context))
    }

    fn join(&mut self, scope: usize, links: &[Step]) {
        for length in 1..=links.len() {
            let links = &links[..length];
            if self.joined.iter().all(|known| known.scope != scope || known.links != links) {
                let alias = self.alias();
                self.joined.push(Joined { scope, links: links.to_vec(), alias });
            }
        }
    }

    fn linked(&mut self, leaves: &[(&Node, bool)], join: &str) {
        let joined = self.joined.clone();
        self.sql.push("EXISTS (SELECT 1 FROM ");
        for (i, way) in joined.iter().enumerate() {
            let Some(last) = way.links.last() else { continue };
            self.sql.push(if i > 0 { ", " } else { "" }).name(&last.to).push(" ").push(&way.alias);
        }
        self.sql.push(" WHERE ");
        for way in &joined {
            let Some((last, before)) = way.links.split_last() else { continue };
            let from = self.alias_of(way.scope, before);
            self.sql.column(&way.alias, "number").push(" = ").column(&from, &last.field).push(" AND ");
        }
        self.sql.push("(");
        self.leaves(leaves, join);
        self.sql.push("))");
    }

    /// Gives the alias of a record that the leaf at hand reads.
    fn alias_of(&self, scope: usize, links: &[Step]) -> String {
        if links.is_empty() {
            return self.scopes.get(scope).cloned().unwrap_or_default();
        }
        let way = self.joined.iter().find(|way| way.scope == scope && way.links == links);
        way.map(|way| way.alias.clone()).unwrap_or_default()
    }

    /// Writes `links.exists(…)` and `links.all(…)`.
    fn quantified(&mut self, quantifier: Quantifier, related: &Related, inner: &Node, wanted: bool) {
        // True needs one witness for `exists`, false one for `all`; the other two must hold for every record,
        // where an error counts against.
        let witness = (quantifier == Quantifier::Exists) == wanted;
        self.sql.push(if witness { "EXISTS (SELECT 1 FROM " } else { "NOT EXISTS (SELECT 1 FROM " });
        let variable = self.pairs(related, true);
        self.sql.push(" AND (");
        self.within(variable, |writer| writer.node(inner, wanted));
        self.sql.push(if witness { "))" } else { ") IS NOT TRUE)" });
    }

    /// Writes with the variable of a quantifier in scope.
    fn within(&mut self, variable: String, write: impl FnOnce(&mut Self)) {
        let outer = std::mem::take(&mut self.joined);
        self.scopes.push(variable);
        write(self);
        self.scopes.pop();
        self.joined = outer;
    }

    /// Writes the tables of a relation, WHERE and what ties them to the record; gives the alias of the related
    /// records. Without `targets` the records themselves are left out where the pairs tell enough.
    fn pairs(&mut self, related: &Related, targets: bool) -> String {
        let from = self.alias_of(related.scope, &related.links);
        let target = self.alias();
        match &related.path {
            LinkPath::Column { column } => {
                self.sql.name(&related.to).push(" ").push(&target).push(" WHERE ");
                self.sql.column(&target, column).push(" = ").column(&from, "number");
            }
            LinkPath::Table { relation, reversed } => {
                let link = self.alias();
                let (near, far) = if *reversed { ("to", "from") } else { ("from", "to") };
                self.sql.name("link").push(" ").push(&link);
                if targets {
                    self.sql.push(" JOIN ").name(&related.to).push(" ").push(&target).push(" ON ");
                    self.sql.column(&target, "number").push(" = ").column(&link, &format!("{far}_number"));
                }
                self.sql.push(" WHERE ").column(&link, &format!("{near}_type")).push(" = ");
                self.sql.bind(related.from.as_str()).push(" AND ");
                self.sql.column(&link, &format!("{near}_number")).push(" = ").column(&from, "number");
                self.sql.push(" AND ").column(&link, "relation").push(" = ").bind(relation.as_str());
                self.sql.push(" AND ").column(&link, &format!("{far}_type")).push(" = ");
                self.sql.bind(related.to.as_str());
            }
        }
        target
    }
}
