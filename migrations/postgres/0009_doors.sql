-- What other programs tell of, by their own key: the record that stands for it. One for each key, also when two of them
-- tell it at the same instant.
CREATE TABLE door_case (
    door TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    record_type TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    episode TEXT COLLATE "C" NOT NULL,
    inputs TEXT COLLATE "C" NOT NULL,
    ended BOOLEAN NOT NULL DEFAULT FALSE,
    at BIGINT NOT NULL,
    times BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (door, key)
);
CREATE INDEX door_case_record ON door_case (record_type, number);
-- What came in and what became of it; what was quiet or refused too. Kept for ninety days.
CREATE TABLE door_event (
    id TEXT COLLATE "C" PRIMARY KEY,
    at BIGINT NOT NULL,
    door TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    account BIGINT,
    outcome TEXT COLLATE "C" NOT NULL,
    record_type TEXT COLLATE "C",
    number BIGINT,
    reason TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL
);
CREATE INDEX door_event_at ON door_event (at, id);
CREATE INDEX job_dead ON job (id) WHERE dead;
