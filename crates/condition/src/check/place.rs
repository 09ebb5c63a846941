//! Names: fields of the record, of linked records and of the variables of quantifiers.

use super::Checker;
use super::kind::Kind;
use crate::limits::MAX_LINKED;
use crate::parser::{Ast, AstKind};
use crate::schema::{LinkInfo, Type};
use crate::suggest::did_you_mean;
use crate::tree::{FieldKind, Path, Related, Span, Step};

/// What a name or a chain of names leads to.
pub(super) enum Place {
    /// A record: a variable standing alone.
    Record { scope: usize, record_type: String },
    /// A field with a value.
    Field(Path, Kind),
    /// A relation to many records; its variable is not yet numbered.
    Related(Related),
}

impl Checker<'_> {
    /// Finds what a name or a chain of names leads to.
    pub(super) fn place(&mut self, ast: &Ast) -> Option<Place> {
        match &ast.kind {
            AstKind::Name(name) => {
                if let Some(i) = self.variables.iter().rposition(|(known, _)| known == name) {
                    return Some(Place::Record { scope: i + 1, record_type: self.variables[i].1.clone() });
                }
                self.field(ast.span, 0, Vec::new(), self.record_type, name)
            }
            AstKind::Select(base, name, name_span) => {
                let name_span = *name_span;
                match self.place(base)? {
                    Place::Record { scope, record_type } => {
                        self.field(name_span, scope, Vec::new(), &record_type, name)
                    }
                    Place::Field(Path { scope, mut links, field, .. }, Kind::Link(to)) => {
                        self.count_link(name_span)?;
                        links.push(Step { field, to: to.clone() });
                        self.field(name_span, scope, links, &to, name)
                    }
                    Place::Field(path, kind) => {
                        let message = format!("`{}` is {} and has no fields", path.field, kind.words());
                        self.refuse(base.span, message)
                    }
                    Place::Related(Related { field, .. }) => {
                        let message =
                            format!("`{field}` are many records; write `{field}.exists(x, x.{name} …)`");
                        self.refuse(base.span, message)
                    }
                }
            }
            _ => self.refuse(ast.span, "here stands a field"),
        }
    }

    fn field(
        &mut self,
        span: Span,
        scope: usize,
        links: Vec<Step>,
        record_type: &str,
        name: &str,
    ) -> Option<Place> {
        let Some(field) = self.schema.field(record_type, name) else {
            return self.unknown_field(span, links.is_empty() && scope == 0, record_type, name);
        };
        if let Type::Links(LinkInfo { to, path }) = field {
            self.count_link(span)?;
            let (from, field) = (record_type.to_owned(), name.to_owned());
            return Some(Place::Related(Related { scope, links, from, field, to, path, variable: 0 }));
        }
        let (kind, column) = Kind::of(field)?;
        Some(Place::Field(Path { scope, links, field: name.to_owned(), kind: column }, kind))
    }

    /// Counts what follows a link or a relation and refuses what is too much for a database to plan.
    fn count_link(&mut self, span: Span) -> Option<()> {
        self.linked += 1;
        if self.linked == MAX_LINKED + 1 {
            return self
                .refuse(span, format!("a condition may follow {MAX_LINKED} links; this one follows more"));
        }
        Some(())
    }

    fn unknown_field(&mut self, span: Span, own: bool, record_type: &str, name: &str) -> Option<Place> {
        let mut names = self.schema.names(record_type);
        if own {
            names.extend(self.variables.iter().map(|(name, _)| name.clone()));
            names.extend(["now", "today", "me"].map(str::to_owned));
        }
        let hint = did_you_mean(name, names.iter().map(String::as_str), "`");
        self.refuse(span, format!("`{name}` is not a field of {record_type}{hint}"))
    }

    /// Makes a record that stands alone a link to itself.
    pub(super) fn itself(scope: usize) -> Path {
        Path { scope, links: Vec::new(), field: "number".to_owned(), kind: FieldKind::Itself }
    }
}
