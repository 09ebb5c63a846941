-- Mail. The queue of mails on their way out; `state` is waiting, digest (waits for the person's next digest), sent, dead,
-- bounced or withdrawn. The address is not kept here: it is looked up when the mail is sent. `audience` is who may see what
-- is answered to it, `digest` the Message-ID of the one mail in which several were sent.
CREATE TABLE mail_out (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    person INTEGER NOT NULL,
    record_type TEXT,
    number INTEGER,
    message_id TEXT NOT NULL UNIQUE,
    answers TEXT,
    audience TEXT NOT NULL,
    digest TEXT,
    reply_to TEXT,
    language TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    secret INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    give_up_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    sent_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_out_due ON mail_out (state, due_at);
CREATE INDEX mail_out_person ON mail_out (person, state);
CREATE INDEX mail_out_digest ON mail_out (digest);
-- Mails that came in: what each became. `target` is `new`, or the record that it answers: a mail of a person (0 where it is
-- nobody's) becomes each once. `audience` is who may see what it became.
CREATE TABLE mail_in (
    message_id TEXT NOT NULL,
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    door TEXT NOT NULL,
    outcome TEXT NOT NULL,
    says TEXT NOT NULL DEFAULT '',
    record_type TEXT,
    number INTEGER,
    person INTEGER NOT NULL DEFAULT 0,
    audience TEXT,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (message_id, target, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_in_at ON mail_in (at);
CREATE INDEX mail_in_record ON mail_in (record_type, number, at);
CREATE INDEX mail_in_person ON mail_in (person, at);
-- What a person wants by mail: each mail at once, a digest by the hour or the day, or only what is urgent; and when not.
-- Times are minutes after midnight in the person's zone.
CREATE TABLE mail_preference (
    person INTEGER PRIMARY KEY,
    pace TEXT NOT NULL,
    digest_at INTEGER NOT NULL,
    quiet_from INTEGER,
    quiet_until INTEGER,
    updated_at INTEGER NOT NULL
) STRICT;
