-- Signed webhooks: out (where to, about what) and in (which door). Each belongs to the account of a program.
CREATE TABLE webhook (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('out', 'in')),
    label TEXT NOT NULL,
    url TEXT,
    door TEXT,
    record_type TEXT,
    condition TEXT NOT NULL DEFAULT '',
    actions TEXT NOT NULL DEFAULT '',
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen INTEGER NOT NULL
) STRICT;
-- Messages that came in by a webhook, so that none is taken twice.
CREATE TABLE webhook_seen (
    webhook INTEGER NOT NULL,
    message TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (webhook, message)
) STRICT, WITHOUT ROWID;
-- Secret addresses of calendars.
CREATE TABLE calendar_link (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    label TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX calendar_link_account ON calendar_link (account);
