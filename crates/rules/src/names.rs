//! Names that rules share with declarations: the types they look up and the fields they read.
//!
//! A type without one of these fields is served without it.

/// Record type of agreements.
pub const AGREEMENT: &str = "agreement";
/// Record type of an agreement's targets.
pub const TARGET: &str = "target";
/// Record type of service hours.
pub const SERVICE_HOURS: &str = "service_hours";

/// Record type of contracts with suppliers.
pub const CONTRACT: &str = "contract";
/// Record type of agreements with our own teams and with customers who act as suppliers.
pub const INTERNAL_AGREEMENT: &str = "internal_agreement";
/// Record type of the targets of both.
pub const CONTRACT_TARGET: &str = "contract_target";
/// Record type of teams.
pub const TEAM: &str = "team";
/// Record type of suppliers.
pub const SUPPLIER: &str = "supplier";
/// Record type of times that were agreed not to count.
pub const EXCLUSION: &str = "exclusion";

/// Record type of the models of requests.
pub const REQUEST_MODEL: &str = "request_model";
/// Record type of the tasks of a request.
pub const REQUEST_TASK: &str = "request_task";

/// Fields of a request that was ordered by a model.
pub mod ordered {
    /// The model.
    pub const MODEL: &str = "model";
    /// What was answered to the form of the model.
    pub const ANSWERS: &str = "answers";
    /// Whether it needs an approval.
    pub const APPROVAL_NEEDED: &str = "approval_needed";
    /// When it was approved.
    pub const APPROVED_AT: &str = "approved_at";
    /// Who is asked for it.
    pub const APPROVAL_BY: &str = "approval_by";
    /// Who asks.
    pub const REQUESTED_BY: &str = "requested_by";
    /// The state in which it waits for the approval.
    pub const APPROVAL: &str = "approval";
    /// What it has from its model where nothing else is said: field of the request, field of the model.
    pub const FROM_MODEL: [(&str, &str); 4] = [
        ("request_type", "request_type"),
        ("priority", "priority"),
        ("team", "team"),
        ("instructions", "instructions"),
    ];
}

/// Fields of a model of requests.
pub mod request_model {
    /// The text that declares the form.
    pub const FORM: &str = "form";
    /// The person who approves.
    pub const APPROVER: &str = "approver_person";
    /// The tasks, one line each.
    pub const TASKS: &str = "tasks";
    /// The team that fulfils.
    pub const TEAM: &str = "team";
}

/// Fields of a contract and of an internal agreement.
pub mod accord {
    /// The supplier that it binds.
    pub const SUPPLIER: &str = "supplier";
    /// The teams that it binds.
    pub const TEAMS: &str = "teams";
    /// When it was approved.
    pub const APPROVED_AT: &str = "approved_at";
}

/// Fields of an acknowledgement.
pub mod acknowledgement {
    /// The version that was read.
    pub const VERSION: &str = "document_version";
    /// Its edition, as it was read.
    pub const EDITION: &str = "read_edition";
    /// The digest of its text and file, as they were read.
    pub const DIGEST: &str = "read_digest";
}

/// Fields of a document version.
pub mod document_version {
    /// The digest of its text and file.
    pub const DIGEST: &str = "digest";
}

/// Fields of a contract target.
pub mod contract_target {
    /// The contract that it belongs to.
    pub const CONTRACT: &str = "contract";
    /// The internal agreement that it belongs to.
    pub const INTERNAL_AGREEMENT: &str = "internal_agreement";
    /// How long.
    pub const WITHIN: &str = "within";
    /// Targets of agreements that rest on it.
    pub const UNDERPINS: &str = "underpins";
}

/// Fields of an agreed exclusion.
pub mod exclusion {
    /// Why, in a word.
    pub const KIND: &str = "kind";
    /// First instant.
    pub const FROM: &str = "from_at";
    /// Instant after it.
    pub const UNTIL: &str = "until_at";
    /// Who approved it.
    pub const APPROVED_BY: &str = "approved_by";
    /// The agreements for which it holds, of any kind.
    pub const AGREEMENTS: [&str; 3] = ["agreements", "contracts", "internal_agreements"];
    /// Services; none is for all.
    pub const SERVICES: &str = "services";
}

/// Fields of an agreement.
pub mod agreement {
    /// What it is; only a customer's agreement gives a customer's clock its target.
    pub const KIND: &str = "agreement_type";
    /// Kinds that bind a team or a supplier, not the service towards its customer.
    pub const NOT_FOR_CUSTOMERS: [&str; 2] = ["internal", "contract"];
    /// Services that it covers; none covers every service.
    pub const SERVICES: &str = "services";
    /// Customer that it covers; empty covers every customer.
    pub const CUSTOMER: &str = "customer";
    /// First day on which it is in force.
    pub const VALID_FROM: &str = "valid_from";
    /// Last day on which it is in force; empty has no end.
    pub const VALID_UNTIL: &str = "valid_until";
    /// Service hours of its targets where they name none.
    pub const HOURS: &str = "service_hours";
}

/// Fields of a target.
pub mod target {
    /// The agreement that it belongs to.
    pub const AGREEMENT: &str = "agreement";
    /// Record types that it is for; empty is for every type.
    pub const APPLIES_TO: &str = "applies_to";
    /// Clock that it is for.
    pub const CLOCK: &str = "clock";
    /// Model of the requests that it is for; empty is for those that have no target of their own.
    pub const MODEL: &str = "model";
    /// Priority that it is for; empty is for those that have no target of their own.
    pub const PRIORITY: &str = "priority";
    /// How long: a target as people write it, or a duration.
    pub const LIMIT: &str = "duration";
    /// The same as a length of open time, computed.
    pub const LENGTH: &str = "length";
    /// What teams and suppliers under it can cost at worst, computed.
    pub const PATH_WORST: &str = "path_worst";
    /// Whether that is more than it promises, computed.
    pub const PATH_TOO_LONG: &str = "path_too_long";
    /// The contract targets under it.
    pub const UNDERPINNED_BY: &str = "underpinned_by";
    /// Service hours; empty takes the agreement's, and without those every hour counts.
    pub const HOURS: &str = "service_hours";
    /// Reasons that pause the clock by agreement; empty takes every reason that the clock itself takes.
    pub const PAUSE_REASONS: &str = "pause_reasons";
    /// What a reopening does; empty is as the clock says.
    pub const REOPEN: &str = "reopen";
    /// What a new target does; empty is as the clock says.
    pub const RETARGET: &str = "retarget";
    /// Share of the target at which it is at risk; empty is as the clock says.
    pub const AT_RISK_PERCENT: &str = "at_risk_percent";
}

/// Fields of service hours.
pub mod hours {
    /// Time zone of its times.
    pub const ZONE: &str = "zone";
    /// Weekly windows.
    pub const WEEK: &str = "week";
    /// Dates that differ.
    pub const EXCEPTIONS: &str = "exceptions";
    /// Length of a working day, for targets in days.
    pub const DAY_LENGTH: &str = "nominal_day";
    /// Hours that these are the union of.
    pub const UNION_OF: &str = "union_of";
    /// Earlier versions of these hours, a JSON array of their texts, oldest first; hidden.
    pub const PAST: &str = "past_versions";
}

/// Record type of the changes under which something is altered.
pub const CHANGE: &str = "change";

/// Fields of a change.
pub mod change {
    /// When it was approved.
    pub const APPROVED_AT: &str = "approved_at";
    /// When it was closed.
    pub const CLOSED_AT: &str = "closed_at";
}

/// Fields of a record that is altered under changes only.
pub mod controlled {
    /// Whether it is.
    pub const UNDER_CONTROL: &str = "under_change_control";
    /// The change under which it was altered last.
    pub const CHANGED_UNDER: &str = "changed_under";
    /// When it was altered without an approved change.
    pub const UNLINKED_AT: &str = "unlinked_at";
    /// What counts as its attributes: everything that says what it is, not who looks after it or verified it.
    pub const ATTRIBUTES: [&str; 12] = [
        "name",
        "item_type",
        "defined_type",
        "description",
        "version_text",
        "serial_number",
        "location",
        "vendor",
        "operated_by",
        "operator",
        "stand_alone_reason",
        UNDER_CONTROL,
    ];
    /// Its relations to others of its kind, from both ends.
    pub const RELATIONS: [&str; 4] = ["depends_on", "needed_by", "contains", "part_of"];
}
