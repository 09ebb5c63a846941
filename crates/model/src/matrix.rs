//! The permission matrix: what each role may do with records of each type, and with which of them. A paper for auditors
//! (`generated/permissions.txt`), written from the same functions that decide ([`crate::access`]).

use std::fmt::Write as _; // into a String, which cannot fail: results are dropped

use crate::access::{Action, Caller, ROLES};
use crate::record_type::RecordType;
use crate::registry::Registry;

/// How far an allowance reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Not allowed.
    None,
    /// Allowed on records that one recorded, reported or asked for.
    Own,
    /// Allowed on records for which the declared narrowing of the type holds.
    Some,
    /// Allowed on every record of the type.
    All,
}

impl Reach {
    /// The word in the matrix.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => ".",
            Self::Own => "own",
            Self::Some => "some",
            Self::All => "x",
        }
    }
}

/// A row of the matrix: an action on a type, with the reach of each of [`ROLES`].
#[derive(Debug, Clone)]
pub struct Row {
    /// What somebody wants to do.
    pub action: Action,
    /// How far each role reaches, in order of [`ROLES`].
    pub reach: [Reach; ROLES.len()],
}

/// All rows of a type: the plain actions, then the transitions in order of declaration.
pub fn rows(of: &RecordType) -> Vec<Row> {
    let plain = [Action::Read, Action::Create, Action::Update, Action::Comment, Action::Note, Action::Attach];
    let steps = of.transitions.iter().map(|t| Action::Transition(t.name.clone()));
    plain
        .into_iter()
        .chain(steps)
        .map(|action| Row { reach: ROLES.map(|r| reach(of, r, &action)), action })
        .collect()
}

/// How far a role alone reaches.
pub fn reach(of: &RecordType, role: &str, action: &Action) -> Reach {
    let caller = Caller::person(0, "", [role]);
    if !caller.may(of, action) {
        Reach::None
    } else if *action == Action::Create {
        Reach::All
    } else if caller.reads_own(of) {
        Reach::Own
    } else if caller.narrow(of).is_some() {
        Reach::Some
    } else {
        Reach::All
    }
}

/// The matrix of all types, to be read by a person.
pub fn write(registry: &Registry) -> String {
    let mut text = String::from(
        "Who may do what with which records, by record type, action and role.\n\
         Generated from records/*.kdl by `cargo xtask generate`. Whoever holds several roles may what any of them may;\n\
         what nobody is allowed here is refused, on pages, in REST and by every other door. docs/permissions.md says more.\n\n\
         x      allowed, on every record of the type\n\
         some   allowed, on those records for which the narrowing said below the type holds\n\
         own    allowed, on records that one recorded, reported or asked for; others do not exist for one\n\
         .      not allowed\n\n",
    );
    for of in registry.types() {
        line(&mut text, &of.name, ROLES);
        for row in rows(of) {
            line(&mut text, &format!("  {}", row.action.word()), row.reach.map(Reach::word));
        }
        let notes = |role: &&str| Caller::person(0, "", [*role]).reads_notes(of);
        if of.reaches_customers() {
            let readers: Vec<&str> = ROLES.into_iter().filter(notes).collect();
            let _ = writeln!(text, "  notes and files of staff are read by: {}", readers.join(", "));
            let columns = of.columns().iter().map(|c| c.name.clone());
            let seen: Vec<String> = columns.chain(of.relations()).filter(|name| of.is_public(name)).collect();
            let _ =
                writeln!(text, "  a requester sees of a record: number, state, times, {}", seen.join(", "));
        }
        if let Some(narrow) = &of.narrow {
            let except: Vec<&str> = narrow.except.iter().map(String::as_str).collect();
            let _ = writeln!(text, "  some: {}", narrow.condition.source());
            let _ = writeln!(text, "  every record all the same: {}", except.join(", "));
        }
        text.push('\n');
    }
    text
}

/// A line with a column for each role.
pub fn line(text: &mut String, first: &str, cells: [&str; ROLES.len()]) {
    let mut written = format!("{first:<34}");
    for cell in cells {
        let _ = write!(written, "{cell:<22}");
    }
    text.push_str(written.trim_end());
    text.push('\n');
}
