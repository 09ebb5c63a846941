//! Who may do what: every decision of access to a record type is made here.

use std::collections::BTreeSet;

use proofdesk_condition::{Condition, Value};

use crate::error::{Problem, Problems};
use crate::record::Record;
use crate::record_type::RecordType;
use crate::workflow::Transition;

/// What somebody wants to do with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// See it.
    Read,
    /// Make a new one.
    Create,
    /// Change fields and relations.
    Update,
    /// Take it to another state by the transition of this name.
    Transition(String),
    /// Write to the customer.
    Comment,
    /// Write what only staff sees; who reads it: [`Caller::reads_notes`].
    Note,
    /// Add a file.
    Attach,
}

impl Action {
    /// The word used in declarations.
    pub fn word(&self) -> &str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Transition(name) => name,
            Self::Comment => "comment",
            Self::Note => "note",
            Self::Attach => "attach",
        }
    }
}

/// Roles as the field names them, in the order of the permission matrix.
pub const ROLES: [&str; 9] = [
    "requester",
    "agent",
    "process_owner",
    "service_owner",
    "sms_manager",
    "auditor",
    "certification_auditor",
    "top_management",
    "administrator",
];

/// Who is asking, and through which door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Number of the person; none for programs.
    pub person: Option<i64>,
    /// Name for the history.
    pub name: String,
    /// Roles held.
    pub roles: BTreeSet<String>,
    /// The program itself (rules, clocks, import by an operator at the command line): everything is allowed, and
    /// the history says so.
    pub system: bool,
    /// What the token that speaks for the person reaches; none for all that the person may.
    pub scope: Option<Scope>,
}

/// What a token reaches: pairs of a record type and an action, each of which may be `*` for all. Beside record types
/// there are [`Scope::AREAS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(Vec<(String, String)>);

impl Scope {
    /// What can be reached and is no record type: accounts and tokens, conformity and figures, the log, people and groups
    /// that a directory keeps, saved views.
    pub const AREAS: [&'static str; 5] = ["account", "conformity", "log", "provisioning", "view"];

    /// Reads pairs `type:action`, parted by blanks or commas; none for no pair at all.
    ///
    /// # Errors
    /// The first word that is no pair of a known type and an action that it has.
    pub fn parse<'r>(
        text: &str,
        of: impl Fn(&str) -> Option<&'r RecordType>,
    ) -> Result<Option<Self>, String> {
        let words = text.split([' ', ',', '\n', '\r', '\t']).filter(|w| !w.is_empty());
        let mut pairs = Vec::new();
        for word in words {
            let (name, action) = word.split_once(':').ok_or_else(|| word.to_owned())?;
            let plain = ["*", "read", "create", "update", "comment", "note", "attach"].contains(&action);
            let known = match of(name) {
                Some(of) => plain || of.transition(action).is_some(),
                None => plain && (name == "*" || Self::AREAS.contains(&name)),
            };
            if !known {
                return Err(word.to_owned());
            }
            pairs.push((name.to_owned(), action.to_owned()));
        }
        pairs.sort();
        pairs.dedup();
        Ok((!pairs.is_empty()).then_some(Self(pairs)))
    }

    /// Reads what [`Scope::write`] wrote; words that no longer mean anything reach nothing.
    pub fn read(stored: &str) -> Option<Self> {
        let pair = |word: &str| {
            let (name, action) = word.split_once(':').unwrap_or((word, ""));
            (name.to_owned(), action.to_owned())
        };
        let pairs: Vec<_> = stored.split(' ').filter(|w| !w.is_empty()).map(pair).collect();
        (!pairs.is_empty()).then_some(Self(pairs))
    }

    /// The pairs, parted by blanks.
    pub fn write(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(name, action)| format!("{name}:{action}")).collect();
        words.join(" ")
    }

    /// Whether an action on a type, or in an area, is reached.
    pub fn reaches(&self, name: &str, action: &str) -> bool {
        let fits = |said: &str, is: &str| said == "*" || said == is;
        self.0.iter().any(|(n, a)| fits(n, name) && fits(a, action))
    }
}

impl Caller {
    /// The program itself, acting under a name that the history shows.
    pub fn system(name: &str) -> Self {
        Self { person: None, name: name.to_owned(), roles: BTreeSet::new(), system: true, scope: None }
    }

    /// A person with roles.
    pub fn person(number: i64, name: &str, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let roles = roles.into_iter().map(Into::into).collect();
        Self { person: Some(number), name: name.to_owned(), roles, system: false, scope: None }
    }

    /// Whether the token reaches this, where a token speaks.
    pub fn reaches(&self, name: &str, action: &str) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.reaches(name, action))
    }

    /// Whether the caller holds a role.
    pub fn has(&self, role: &str) -> bool {
        self.roles.contains(role)
    }

    /// Whether the caller is nobody but a requester: he reports and asks, and lives in the portal.
    pub fn is_mere_requester(&self) -> bool {
        !self.system && self.roles.iter().all(|role| role == REQUESTER)
    }

    /// Whether the action is allowed on records of a type.
    pub fn may(&self, of: &RecordType, action: &Action) -> bool {
        let by_role = || self.roles.iter().any(|role| of.role_allows(role, action));
        self.system || (self.reaches(&of.name, action.word()) && by_role())
    }

    /// Whether the caller reads a type as `requester` and in no other role.
    pub fn reads_as_requester(&self, of: &RecordType) -> bool {
        let by = |role: &String| of.role_allows(role, &Action::Read);
        !self.system
            && self.roles.iter().any(by)
            && !self.roles.iter().any(|role| role != REQUESTER && by(role))
    }

    /// Whether the caller may see a column, field or relation of a type: all of them, or as a mere requester what is
    /// public ([`RecordType::is_public`]).
    pub fn sees(&self, of: &RecordType, name: &str) -> bool {
        !self.reads_as_requester(of) || of.is_public(name)
    }

    /// Whether the caller may enter a field or relation himself: in a new record, or in a step. Who makes records as
    /// `requester` and in no other role enters what the type names ([`RecordType::requesters_enter`]); who may not update
    /// a record enters in a step what it asks for. Everything else is filled by defaults, rules and staff. Whether a field
    /// is written by hand at all is another matter: [`crate::lock`].
    pub fn enters(&self, of: &RecordType, name: &str, step: Option<&Transition>) -> bool {
        let by_other =
            |action: &Action| self.roles.iter().any(|role| role != REQUESTER && of.role_allows(role, action));
        self.system
            || match step {
                None => by_other(&Action::Create) || of.requesters_enter.iter().any(|n| n == name),
                Some(step) => by_other(&Action::Update) || step.asks_for(name),
            }
    }

    /// A record without what the caller may not see: such values are null, such relations empty.
    pub fn shown(&self, mut record: Record) -> Record {
        let of = record.of.clone();
        if !self.reads_as_requester(&of) {
            return record;
        }
        for (column, value) in of.columns().iter().zip(&mut record.values) {
            if !of.is_public(&column.name) {
                *value = Value::Null;
            }
        }
        record.links.retain(|relation, _| of.is_public(relation));
        record.created_by = record.created_by.filter(|by| self.person == Some(*by));
        record.updated_by = record.updated_by.filter(|by| self.person == Some(*by));
        record.external_key = None;
        record.origin.clear();
        record
    }

    /// Whether the caller reads only his own records of a type: work, and whatever somebody reports or asks for, which
    /// he may read as `requester` and in no other role. A service is for everybody; what somebody else reported is not.
    /// Work that is nobody's own and has a declared narrowing, such as a known error, is seen as that says.
    pub fn reads_own(&self, of: &RecordType) -> bool {
        let is_own = of.own_fields().next().is_some() || (of.family == "work" && of.narrow.is_none());
        is_own && self.reads_as_requester(of)
    }

    /// Whether the caller reads what only staff sees of a type: who reads its records and is no mere requester, an
    /// auditor too. To write such a note is another matter: [`Action::Note`].
    pub fn reads_notes(&self, of: &RecordType) -> bool {
        self.may(of, &Action::Read) && !self.reads_as_requester(of)
    }

    /// Whether this record may be read. Who reads only his own sees what he recorded, reported or asked for.
    pub fn may_see(&self, record: &Record) -> bool {
        let is_own = |me: i64| {
            let named = record.of.own_fields().any(|f| record.value(f) == Some(&Value::Link(me)));
            named || record.created_by == Some(me)
        };
        self.may(&record.of, &Action::Read)
            && (!self.reads_own(&record.of) || self.person.is_some_and(is_own))
    }

    /// What must hold for a record beyond [`Caller::may_see`]: the declared narrowing of its type, unless the caller
    /// holds a role that reads every record all the same. Only the store can say whether it holds.
    pub fn narrow<'a>(&self, of: &'a RecordType) -> Option<&'a Condition> {
        let narrow = of.narrow.as_ref().filter(|_| !self.system)?;
        let exempt = self.roles.iter().any(|role| narrow.except.contains(role));
        (!exempt).then_some(&narrow.condition)
    }

    /// Whether who may read the type may see every record of it.
    pub fn reads_all(&self, of: &RecordType) -> bool {
        self.may(of, &Action::Read) && !self.reads_own(of) && self.narrow(of).is_none()
    }

    /// The condition of [`Caller::may_see`] for lists; none where all records of the type may be read.
    pub fn own(&self, of: &RecordType) -> Option<String> {
        let fields = of.own_fields().chain(std::iter::once("created_by"));
        let parts: Vec<String> = fields.map(|f| format!("{f} == me")).collect();
        self.reads_own(of).then(|| parts.join(" || "))
    }
}

/// The role of those who report and ask, and read nothing of others.
pub(crate) const REQUESTER: &str = "requester";

/// The role of those who give accounts and roles to others.
pub const ADMINISTRATOR: &str = "administrator";

/// Proof that an action on one type was allowed to one caller. Cannot be made elsewhere.
#[derive(Debug, Clone)]
pub struct Permit {
    record_type: String,
    action: Action,
    caller: Caller,
}

impl Permit {
    /// Permits an entry about conformity, which is no record: a sealed run (`conformity_run`) or a judgement
    /// (`conformity_judgement`). The program itself may, and callers with one of the roles.
    ///
    /// # Errors
    /// One problem with code `permission`, also for any other word than one that begins with `conformity_`.
    pub fn of_conformity(what: &str, caller: &Caller, roles: &[&str]) -> Result<Self, Problems> {
        let reached = caller.reaches("conformity", "note");
        let allowed = caller.system || (reached && roles.iter().any(|role| caller.has(role)));
        if allowed && what.starts_with("conformity_") {
            return Ok(Self { record_type: what.to_owned(), action: Action::Note, caller: caller.clone() });
        }
        let who = roles.join(", ").replace('_', " ");
        let message = format!("You may not write a {}. This is for: {who}.", what.replace('_', " "));
        Err(Problems(vec![Problem::new("", "permission", message)]))
    }

    /// Permits an entry about what became of mails on their way out, which are no records: only the program itself writes it.
    ///
    /// # Errors
    /// One problem with code `permission`.
    pub fn of_mail(caller: &Caller) -> Result<Self, Problems> {
        if caller.system {
            return Ok(Self {
                record_type: "mail_out".to_owned(),
                action: Action::Note,
                caller: caller.clone(),
            });
        }
        let message = "Only the program tells what became of mails.";
        Err(Problems(vec![Problem::new("", "permission", message)]))
    }

    /// Permits an act on an account, which is no record: the program itself may, administrators, and the person whose
    /// account it is where `own` names that person (his own password, his own tokens).
    ///
    /// # Errors
    /// One problem with code `permission`.
    pub fn of_account(caller: &Caller, own: Option<i64>) -> Result<Self, Problems> {
        let is_own = own.is_some() && caller.person == own;
        let reached = caller.reaches("account", "update");
        if caller.system || (reached && (is_own || caller.has(ADMINISTRATOR))) {
            return Ok(Self {
                record_type: "account".to_owned(),
                action: Action::Note,
                caller: caller.clone(),
            });
        }
        let message = "You may not change this account. This is for: administrator.";
        Err(Problems(vec![Problem::new("", "permission", message)]))
    }

    /// The type it holds for.
    pub fn record_type(&self) -> &str {
        &self.record_type
    }
    /// What it allows.
    pub fn action(&self) -> &Action {
        &self.action
    }
    /// To whom.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

impl RecordType {
    /// The fields that make a piece of work somebody's own: who reported it, who asked, for whom, who is to approve it.
    pub fn own_fields(&self) -> impl Iterator<Item = &'static str> + '_ {
        let fields = ["reported_by", "requested_by", "requested_for", "approval_by"];
        fields.into_iter().filter(|f| self.field(f).is_some())
    }

    /// Whether customers and users read records of this type at all. Where they do not, everyone who reads the record
    /// reads its notes, and a comment has only one audience.
    pub fn reaches_customers(&self) -> bool {
        self.role_allows(REQUESTER, &Action::Read)
    }

    /// Whether a requester sees a column, field or relation: public fields, the title, the state, the number, when it
    /// was made and changed, and when its clocks are due.
    pub fn is_public(&self, name: &str) -> bool {
        if matches!(name, "number" | "version" | "state" | "created_at" | "updated_at") {
            return true;
        }
        let clock = |c: &crate::ClockSpec| name.strip_prefix(&c.name).is_some_and(|end| end == "_due_at");
        let field = self.column_index(name).map_or(name, |at| self.columns()[at].field.as_str());
        self.field(field).is_some_and(|f| (f.public || f.name == self.title_field()) && !f.hidden)
            || self.clocks.iter().filter(|c| c.holder.is_none()).any(clock)
    }

    /// Decides whether `caller` may do `action`, and proves it.
    ///
    /// # Errors
    /// One problem with code `permission` that names the roles which may.
    pub fn permit(
        &self,
        caller: &Caller,
        action: Action,
        _current: Option<&Record>,
    ) -> Result<Permit, Problems> {
        if caller.may(self, &action) {
            return Ok(Permit { record_type: self.name.clone(), action, caller: caller.clone() });
        }
        if !caller.reaches(&self.name, action.word()) {
            let message = format!("This token does not reach `{}:{}`.", self.name, action.word());
            return Err(Problems(vec![Problem::new("", "permission", message)]));
        }
        let who: Vec<&str> = ROLES.iter().copied().filter(|r| self.role_allows(r, &action)).collect();
        let what = match &action {
            Action::Transition(name) => {
                self.transition(name).map_or_else(|| name.clone(), |t| t.label.clone())
            }
            other => other.word().to_owned(),
        };
        let who = if who.is_empty() { "no role".to_owned() } else { who.join(", ").replace('_', " ") };
        let message = format!(
            "You may not {} {}. This is for: {who}.",
            what.to_lowercase(),
            self.plural.to_lowercase()
        );
        Err(Problems(vec![Problem::new("", "permission", message)]))
    }
}
