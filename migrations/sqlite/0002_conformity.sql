-- What runs, results and states of conformity also keep: scope, framework, version of the declaration, digests;
-- and records that were tested again after a change, until the next full run.
ALTER TABLE conformity_run ADD COLUMN scope TEXT NOT NULL DEFAULT 'all';
ALTER TABLE conformity_run ADD COLUMN digest TEXT NOT NULL DEFAULT '';
CREATE INDEX conformity_run_scope ON conformity_run (scope, id);
ALTER TABLE conformity_result ADD COLUMN scope TEXT NOT NULL DEFAULT 'all';
ALTER TABLE conformity_result ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conformity_result ADD COLUMN declaration TEXT NOT NULL DEFAULT '';
ALTER TABLE conformity_result ADD COLUMN exceptions_run INTEGER;
ALTER TABLE conformity_result ADD COLUMN exceptions_digest TEXT NOT NULL DEFAULT '';
CREATE INDEX conformity_result_trend ON conformity_result (scope, test, run_id);
ALTER TABLE conformity_state ADD COLUMN framework TEXT NOT NULL DEFAULT '';
ALTER TABLE conformity_state ADD COLUMN scope TEXT NOT NULL DEFAULT 'all';
ALTER TABLE conformity_state ADD COLUMN cause TEXT NOT NULL DEFAULT '';
CREATE INDEX conformity_state_framework ON conformity_state (framework, scope, id);
ALTER TABLE conformity_judgement ADD COLUMN framework TEXT NOT NULL DEFAULT '';
CREATE TABLE conformity_retest (
    scope TEXT NOT NULL,
    test TEXT NOT NULL,
    side INTEGER NOT NULL,
    record_type TEXT NOT NULL,
    number INTEGER NOT NULL,
    was TEXT NOT NULL,
    standing TEXT NOT NULL,
    why TEXT NOT NULL,
    at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    PRIMARY KEY (scope, test, side, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX conformity_retest_record ON conformity_retest (record_type, number);
