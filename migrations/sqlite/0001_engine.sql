-- The engine's own tables. Record tables come from the declarations, not from here.
-- Times are microseconds UTC; days are text YYYY-MM-DD; yes and no are 1 and 0.

-- The log. Nothing in these tables is ever changed or removed.
CREATE TABLE log_entry (
    id INTEGER PRIMARY KEY,
    write_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    record_type TEXT NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body BLOB NOT NULL,
    leaf_hash BLOB NOT NULL,
    UNIQUE (write_id, seq)
) STRICT;
CREATE INDEX log_entry_record ON log_entry (record_type, number, id);
-- The place of each entry in the Merkle tree. Nodes of level 0 are the leaf hashes of the entries.
CREATE TABLE log_leaf (
    leaf_index INTEGER PRIMARY KEY,
    entry_id INTEGER NOT NULL UNIQUE
) STRICT;
-- Hashes of complete subtrees, level 1 and up.
CREATE TABLE log_node (
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_checkpoint (
    size INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;

-- Relations to many records; `relation` is `type.field` of the side that declares it.
CREATE TABLE link (
    relation TEXT NOT NULL,
    from_type TEXT NOT NULL,
    from_number INTEGER NOT NULL,
    to_type TEXT NOT NULL,
    to_number INTEGER NOT NULL,
    PRIMARY KEY (relation, from_number, to_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_inverse ON link (relation, to_number, from_number);

-- Jobs, enqueued in the transaction that causes them.
CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    payload TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    dead INTEGER NOT NULL DEFAULT 0,
    UNIQUE (kind, key)
) STRICT;
CREATE INDEX job_due ON job (run_at) WHERE NOT dead;

-- Sign-in.
CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    person INTEGER NOT NULL,
    sign_in TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password TEXT,
    roles TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1,
    failures INTEGER NOT NULL DEFAULT 0,
    wait_until INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    preferences TEXT
) STRICT;
CREATE INDEX account_person ON account (person);
CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    since INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires_at);
CREATE TABLE api_token (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    label TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER
) STRICT;
CREATE INDEX api_token_account ON api_token (account);

-- What belongs to a record without being a field of it. Its entry in the log names its id.
CREATE TABLE comment (
    id TEXT PRIMARY KEY,
    record_type TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    person INTEGER,
    author TEXT NOT NULL,
    audience TEXT NOT NULL CHECK (audience IN ('customer', 'staff')),
    door TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX comment_record ON comment (record_type, number, at, id);
CREATE TABLE attachment (
    id TEXT PRIMARY KEY,
    record_type TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    person INTEGER,
    audience TEXT NOT NULL CHECK (audience IN ('customer', 'staff')),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL
) STRICT;
CREATE INDEX attachment_record ON attachment (record_type, number, at, id);
CREATE INDEX attachment_sha256 ON attachment (sha256);
CREATE TABLE watcher (
    record_type TEXT NOT NULL,
    number INTEGER NOT NULL,
    person INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (record_type, number, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX watcher_person ON watcher (person, record_type, number);

-- Files by content. `hash` is null while a file is on its way in.
CREATE TABLE blob (
    id BLOB PRIMARY KEY,
    hash TEXT UNIQUE,
    size_bytes INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE blob_chunk (
    blob BLOB NOT NULL,
    seq INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (blob, seq)
) STRICT;

-- Full-text search: the words of each document are in search_index under the same id.
CREATE TABLE search_document (
    id INTEGER PRIMARY KEY,
    record_type TEXT NOT NULL,
    number INTEGER NOT NULL,
    part TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (record_type, number, part)
) STRICT;
CREATE VIRTUAL TABLE search_index USING fts5 (
    title, words, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0"
);

CREATE TABLE saved_view (
    id TEXT PRIMARY KEY,
    record_type TEXT NOT NULL,
    label TEXT NOT NULL,
    filter TEXT NOT NULL,
    sort TEXT NOT NULL,
    descending INTEGER NOT NULL,
    person INTEGER,
    shared INTEGER NOT NULL
) STRICT;
CREATE INDEX saved_view_type ON saved_view (record_type, person);
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER,
    headers TEXT,
    body BLOB,
    PRIMARY KEY (scope, key)
) STRICT;
CREATE INDEX idempotency_at ON idempotency (at);
-- Next number of types and engine tables that are numbered in blocks (PostgreSQL).
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Imports of history.
CREATE TABLE import_source (
    name TEXT PRIMARY KEY,
    file TEXT NOT NULL,
    file_hash TEXT NOT NULL,
    mapping_hash TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    rows INTEGER NOT NULL DEFAULT 0,
    records INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE import_case (
    source TEXT NOT NULL,
    external_key TEXT NOT NULL,
    record_type TEXT NOT NULL,
    number INTEGER NOT NULL,
    events INTEGER NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (source, external_key)
) STRICT, WITHOUT ROWID;
CREATE TABLE import_refusal (
    source TEXT NOT NULL,
    line INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (source, line)
) STRICT, WITHOUT ROWID;

-- Conformity: runs, their results and exceptions; states and judgements only ever get new rows.
CREATE TABLE conformity_run (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    now_at INTEGER NOT NULL,
    log_size INTEGER NOT NULL,
    "trigger" TEXT NOT NULL,
    duration_us INTEGER NOT NULL,
    tests INTEGER NOT NULL,
    write_id BLOB
) STRICT;
CREATE INDEX conformity_run_at ON conformity_run (at);
CREATE TABLE conformity_result (
    run_id INTEGER NOT NULL,
    test TEXT NOT NULL,
    obligation TEXT,
    state TEXT NOT NULL,
    population INTEGER NOT NULL,
    holds INTEGER NOT NULL,
    fails INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    started_us INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    detail TEXT,
    PRIMARY KEY (run_id, test)
) STRICT, WITHOUT ROWID;
CREATE INDEX conformity_result_test ON conformity_result (test, run_id);
CREATE TABLE conformity_exception (
    run_id INTEGER NOT NULL,
    test TEXT NOT NULL,
    seq INTEGER NOT NULL,
    record_type TEXT NOT NULL,
    number INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (run_id, test, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX conformity_exception_record ON conformity_exception (record_type, number, run_id);
CREATE TABLE conformity_state (
    id INTEGER PRIMARY KEY,
    obligation TEXT NOT NULL,
    since INTEGER NOT NULL,
    state TEXT NOT NULL,
    run_id INTEGER
) STRICT;
CREATE INDEX conformity_state_obligation ON conformity_state (obligation, since, id);
CREATE TABLE conformity_judgement (
    id INTEGER PRIMARY KEY,
    obligation TEXT NOT NULL,
    test TEXT,
    at INTEGER NOT NULL,
    person INTEGER,
    author TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    expires_on TEXT,
    write_id BLOB NOT NULL
) STRICT;
CREATE INDEX conformity_judgement_obligation ON conformity_judgement (obligation, at, id);
