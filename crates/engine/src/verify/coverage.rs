//! Which tables `verify` compares with the log, and which not, and why: every table of both databases is on one of the two
//! lists. `docs/proof.md` has the second one for readers.

/// Tables of the engine whose rows are compared with entries, or are the log itself. Tables of record types are compared, too.
pub const COVERED: [&str; 30] = [
    "log_entry",
    "log_leaf",
    "log_node",
    "log_pending",
    "log_checkpoint",
    "link",
    "comment",
    "attachment",
    "blob",
    "blob_chunk",
    "watcher",
    "account",
    "api_token",
    "recovery_code",
    "outside_identity",
    "passkey",
    "one_time_link",
    "provisioned",
    "webhook",
    "calendar_link",
    "setting",
    "mail_out",
    "mail_in",
    "conformity_run",
    "conformity_result",
    "conformity_exception",
    "conformity_state",
    "conformity_judgement",
    "conformity_retest",
    "conformity_framework",
];

/// Tables that are not compared with the log, each with the reason.
pub const NOT_COVERED: [(&str, &str); 17] = [
    ("migration", "which steps of the tables were carried out; nothing of the organization is in it"),
    ("job", "work that is still to be done; what it does is in the log when it is done"),
    (
        "session",
        "who is signed in at present. Who can write to the database can sign in as anybody by a row; what he then does is in the log under that name",
    ),
    ("sign_in_attempt", "failed sign-ins, and networks that a name signed in from, forgotten after a while"),
    ("waiting_step", "steps of a sign-in that wait for the browser, for minutes"),
    ("search_document", "what search finds records by; made of records and comments, which are compared"),
    ("search_index", "the words of search; made of records and comments, which are compared"),
    ("saved_view", "how people look at lists"),
    ("idempotency", "answers kept for a day, so that a request that comes twice is carried out once"),
    ("counter", "the next number of each type"),
    ("import_source", "where an import stands; the records that it made are compared"),
    ("import_case", "which case of a file became which record; the records are compared"),
    ("import_refusal", "lines of a file that were refused, for who imports"),
    ("mail_preference", "when and how people want mails"),
    (
        "door_case",
        "what other programs told last of each of their cases; what became of it is in the record's entries",
    ),
    ("door_event", "what came in at doors, kept for ninety days; what it changed is in the record's entries"),
    ("webhook_seen", "messages of the last day, so that none is taken twice"),
];
