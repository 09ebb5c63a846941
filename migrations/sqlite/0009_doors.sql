-- What other programs tell of, by their own key: the record that stands for it. One for each key, also when two of them
-- tell it at the same instant.
CREATE TABLE door_case (
    door TEXT NOT NULL,
    key TEXT NOT NULL,
    record_type TEXT NOT NULL,
    number INTEGER NOT NULL,
    episode TEXT NOT NULL,
    inputs TEXT NOT NULL,
    ended INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (door, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX door_case_record ON door_case (record_type, number);
-- What came in and what became of it; what was quiet or refused too. Kept for ninety days.
CREATE TABLE door_event (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    door TEXT NOT NULL,
    key TEXT NOT NULL,
    account INTEGER,
    outcome TEXT NOT NULL,
    record_type TEXT,
    number INTEGER,
    reason TEXT NOT NULL,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX door_event_at ON door_event (at, id);
CREATE INDEX job_dead ON job (id) WHERE dead;
