-- Mail. The queue of mails on their way out; `state` is waiting, digest (waits for the person's next digest), sent, dead,
-- bounced or withdrawn. The address is not kept here: it is looked up when the mail is sent. `audience` is who may see what
-- is answered to it, `digest` the Message-ID of the one mail in which several were sent.
CREATE TABLE mail_out (
    id TEXT COLLATE "C" PRIMARY KEY,
    at BIGINT NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    person BIGINT NOT NULL,
    record_type TEXT COLLATE "C",
    number BIGINT,
    message_id TEXT COLLATE "C" NOT NULL UNIQUE,
    answers TEXT COLLATE "C",
    audience TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C",
    reply_to TEXT COLLATE "C",
    language TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    secret BOOLEAN NOT NULL DEFAULT FALSE,
    state TEXT COLLATE "C" NOT NULL,
    due_at BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT NOT NULL DEFAULT 0,
    error TEXT COLLATE "C",
    sent_at BIGINT
);
CREATE INDEX mail_out_due ON mail_out (state, due_at);
CREATE INDEX mail_out_person ON mail_out (person, state);
CREATE INDEX mail_out_digest ON mail_out (digest);
-- Mails that came in: what each became. `target` is `new`, or the record that it answers: a mail of a person (0 where it is
-- nobody's) becomes each once. `audience` is who may see what it became.
CREATE TABLE mail_in (
    message_id TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    door TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    says TEXT COLLATE "C" NOT NULL DEFAULT '',
    record_type TEXT COLLATE "C",
    number BIGINT,
    person BIGINT NOT NULL DEFAULT 0,
    audience TEXT COLLATE "C",
    size_bytes BIGINT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (message_id, target, person)
);
CREATE INDEX mail_in_at ON mail_in (at);
CREATE INDEX mail_in_record ON mail_in (record_type, number, at);
CREATE INDEX mail_in_person ON mail_in (person, at);
-- What a person wants by mail: each mail at once, a digest by the hour or the day, or only what is urgent; and when not.
-- Times are minutes after midnight in the person's zone.
CREATE TABLE mail_preference (
    person BIGINT PRIMARY KEY,
    pace TEXT COLLATE "C" NOT NULL,
    digest_at BIGINT NOT NULL,
    quiet_from BIGINT,
    quiet_until BIGINT,
    updated_at BIGINT NOT NULL
);
