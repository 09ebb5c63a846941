//! The smallest parts of a condition in SQL, each when true and when false.

use proofdesk_condition::{Comparison, FieldKind, Node, NodeKind, Operand, Step, TextTest, Value, constant};

use super::Writer;
use super::operand::{Nulls, nulls};
use crate::sql::Dialect;

/// Lists the values that a leaf compares.
pub(super) fn operands(node: &Node) -> Vec<&Operand> {
    match &node.kind {
        NodeKind::Flag(operand) => vec![operand],
        NodeKind::Compare(_, left, right) | NodeKind::Text(_, left, right) => vec![left, right],
        NodeKind::In(operand, list) => std::iter::once(operand).chain(list).collect(),
        _ => Vec::new(),
    }
}

/// Lists the chains of single links that a leaf follows, not those within a quantifier's condition.
pub(super) fn ways(node: &Node) -> Vec<(usize, &[Step])> {
    let mut found = Vec::new();
    match &node.kind {
        NodeKind::HasOption(path, _) => found.push((path.scope, path.links.as_slice())),
        NodeKind::Related(_, related, _) => found.push((related.scope, related.links.as_slice())),
        _ => operands(node).into_iter().for_each(|operand| ways_of(operand, &mut found)),
    }
    found
}

/// Takes the negations off a part.
pub(super) fn positive(node: &Node, wanted: bool) -> (&Node, bool) {
    match &node.kind {
        NodeKind::Not(inner) => positive(inner, !wanted),
        _ => (node, wanted),
    }
}

/// Tells whether two leaves follow the same single links, and any at all.
pub(super) fn same_links(one: &Node, other: &Node) -> bool {
    let links = |node| -> Vec<_> { ways(node).into_iter().filter(|(_, links)| !links.is_empty()).collect() };
    let (one, other) = (links(one), links(other));
    !one.is_empty() && one.iter().all(|way| other.contains(way)) && other.iter().all(|way| one.contains(way))
}

fn ways_of<'n>(operand: &'n Operand, found: &mut Vec<(usize, &'n [Step])>) {
    match operand {
        Operand::Field(path) | Operand::CountOptions(path) => found.push((path.scope, &path.links)),
        Operand::Count(related, _) => found.push((related.scope, &related.links)),
        Operand::Add(left, right) | Operand::Subtract(left, right) => {
            ways_of(left, found);
            ways_of(right, found);
        }
        Operand::ToDecimal(inner)
        | Operand::Length(inner)
        | Operand::Lower(inner)
        | Operand::Upper(inner) => {
            ways_of(inner, found);
        }
        Operand::Value(_) | Operand::Now | Operand::Today | Operand::Me => {}
    }
}

/// Tells whether a value is a text.
fn is_text(operand: &Operand) -> bool {
    matches!(operand, Operand::Field(path) if path.kind == FieldKind::Text)
}

/// Gives the comparison that is true where the given one is false.
const fn negated(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}

/// Gives the comparison with its sides changed.
const fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

/// Tells whether a comparison of a count only asks if there is any, so that nothing needs to be counted.
const fn whether_any(comparison: Comparison, number: i64) -> Option<bool> {
    match (comparison, number) {
        (Comparison::Greater | Comparison::NotEqual, 0) | (Comparison::GreaterOrEqual, 1) => Some(true),
        (Comparison::Equal | Comparison::LessOrEqual, 0) | (Comparison::Less, 1) => Some(false),
        _ => None,
    }
}

const fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => " = ",
        Comparison::NotEqual => " <> ",
        Comparison::Less => " < ",
        Comparison::LessOrEqual => " <= ",
        Comparison::Greater => " > ",
        Comparison::GreaterOrEqual => " >= ",
    }
}

impl Writer<'_> {
    /// Writes when a leaf is true, or false where `wanted` is.
    pub(super) fn leaf(&mut self, node: &Node, wanted: bool) {
        match &node.kind {
            NodeKind::Flag(operand) => {
                let yes = self.sql.dialect() == Dialect::Postgres;
                self.sql.push(if yes && !wanted { "NOT " } else { "" });
                self.operand(operand);
                self.sql.push(match (yes, wanted) {
                    (true, _) => "",
                    (false, true) => " = 1",
                    (false, false) => " = 0",
                });
            }
            NodeKind::Compare(comparison, left, right) => {
                let comparison = if wanted { *comparison } else { negated(*comparison) };
                if left.is_constant() {
                    self.compare(turned(comparison), right, left);
                } else {
                    self.compare(comparison, left, right);
                }
            }
            NodeKind::In(operand, list) => self.contained(operand, list, wanted),
            NodeKind::HasOption(path, option) => {
                let function = self.find();
                self.sql.push(function).push("(");
                self.options(path);
                self.sql.push(", ").bind(serde_json::Value::from(option.as_str()).to_string());
                self.sql.push(if wanted { ") > 0" } else { ") = 0" });
            }
            NodeKind::Text(test, subject, argument) => self.text(*test, subject, argument, wanted),
            NodeKind::Related(quantifier, related, inner) => {
                self.quantified(*quantifier, related, inner, wanted);
            }
            NodeKind::Const(_) | NodeKind::Not(_) | NodeKind::And(_) | NodeKind::Or(_) => {
                self.node(node, wanted)
            }
        }
    }

    const fn find(&self) -> &'static str {
        match self.sql.dialect() {
            Dialect::Sqlite => "instr",
            Dialect::Postgres => "strpos",
        }
    }

    /// Writes a comparison; the left side is not constant.
    fn compare(&mut self, comparison: Comparison, left: &Operand, right: &Operand) {
        let literal = right.is_constant().then(|| constant(right, self.context)).flatten();
        let equal = comparison == Comparison::Equal;
        if let Some(Value::Null) = literal {
            // A sum is never null: it is an error with one.
            if equal && nulls(left) != Nulls::Value {
                return self.known(false);
            }
            self.operand(left);
            self.sql.push(if equal { " IS NULL" } else { " IS NOT NULL" });
            return;
        }
        if let (Operand::Count(related, None), Some(Value::Int(number))) = (left, &literal)
            && let Some(some) = whether_any(comparison, *number)
        {
            self.sql.push(if some { "EXISTS (SELECT 1 FROM " } else { "NOT EXISTS (SELECT 1 FROM " });
            self.pairs(related, false);
            self.sql.push(")");
            return;
        }
        let nulls = (nulls(left), if literal.is_some() { Nulls::Never } else { nulls(right) });
        match (comparison, nulls) {
            (Comparison::Equal, (Nulls::Value, Nulls::Value)) => {
                self.sides(left, " IS NOT DISTINCT FROM ", right);
            }
            (Comparison::NotEqual, (Nulls::Value, Nulls::Value | Nulls::Never)) => {
                self.sides(left, " IS DISTINCT FROM ", right);
            }
            (Comparison::NotEqual, (Nulls::Never, Nulls::Value)) => {
                self.sides(left, " IS DISTINCT FROM ", right)
            }
            (Comparison::NotEqual, (Nulls::Value, Nulls::Error)) => self.unequal(left, right),
            (Comparison::NotEqual, (Nulls::Error, Nulls::Value)) => self.unequal(right, left),
            _ => self.sides(left, sign(comparison), right),
        }
    }

    fn sides(&mut self, left: &Operand, sign: &str, right: &Operand) {
        self.operand(left);
        self.sql.push(sign);
        self.operand(right);
    }

    /// Writes "not equal" for a column, where null is a value, and a sum, where it is an error. The sum is written
    /// once: counts can be long, and twice at each nesting would grow without measure.
    fn unequal(&mut self, column: &Operand, sum: &Operand) {
        // An empty text cannot stand for null, and no count is a text.
        if is_text(column) {
            self.sql.push("(");
            self.sides(column, " IS DISTINCT FROM ", sum);
            self.sql.push(" AND ");
            self.operand(sum);
            self.sql.push(" IS NOT NULL)");
            return;
        }
        // No stored number is as small as this one.
        self.sql.push("coalesce(");
        self.operand(column);
        self.sql.push(", ").bind(i64::MIN).push(") <> ");
        self.operand(sum);
    }

    fn contained(&mut self, operand: &Operand, list: &[Operand], wanted: bool) {
        let values: Vec<Value> = list.iter().filter_map(|item| constant(item, self.context)).collect();
        let with_null = values.iter().any(Value::is_null);
        let values: Vec<Value> = values.into_iter().filter(|value| !value.is_null()).collect();
        let value_null = nulls(operand) == Nulls::Value;
        // Where null is a value, it is in the list or not; where it is an error, neither may be said.
        let null_counts = value_null && with_null == wanted;
        self.sql.push("(");
        if values.is_empty() {
            match (wanted, value_null) {
                (true, _) => self.known(false),
                (false, _) => {
                    self.operand(operand);
                    self.sql.push(" IS NOT NULL");
                }
            }
        } else {
            self.operand(operand);
            self.sql.push(if wanted { " IN (" } else { " NOT IN (" });
            for (i, value) in values.into_iter().enumerate() {
                self.sql.push(if i > 0 { ", " } else { "" });
                self.bind(value);
            }
            self.sql.push(")");
        }
        if null_counts {
            self.sql.push(" OR ");
            self.operand(operand);
            self.sql.push(" IS NULL");
        }
        self.sql.push(")");
    }

    fn text(&mut self, test: TextTest, subject: &Operand, argument: &Operand, wanted: bool) {
        match test {
            TextTest::Contains => {
                let function = self.find();
                self.sql.push(function).push("(");
                self.operand(subject);
                self.sql.push(", ");
                self.operand(argument);
                self.sql.push(if wanted { ") > 0" } else { ") = 0" });
            }
            TextTest::StartsWith => {
                self.sql.push("substr(");
                self.operand(subject);
                self.sql.push(", 1, ");
                self.length(argument);
                self.sql.push(if wanted { ") = " } else { ") <> " });
                self.operand(argument);
            }
            TextTest::EndsWith => {
                self.sql.push("(");
                self.length(subject);
                self.sql.push(if wanted { " >= " } else { " < " });
                self.length(argument);
                self.sql.push(if wanted { " AND substr(" } else { " OR substr(" });
                self.operand(subject);
                self.sql.push(", ");
                self.length(subject);
                self.sql.push(" - ");
                self.length(argument);
                self.sql.push(if wanted { " + 1) = " } else { " + 1) <> " });
                self.operand(argument);
                self.sql.push(")");
            }
        }
    }

    fn length(&mut self, operand: &Operand) {
        self.sql.push("length(");
        self.operand(operand);
        self.sql.push(")");
    }
}
