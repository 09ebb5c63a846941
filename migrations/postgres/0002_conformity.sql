-- What runs, results and states of conformity also keep: scope, framework, version of the declaration, digests;
-- and records that were tested again after a change, until the next full run.
ALTER TABLE conformity_run ADD COLUMN scope TEXT COLLATE "C" NOT NULL DEFAULT 'all';
ALTER TABLE conformity_run ADD COLUMN digest TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX conformity_run_scope ON conformity_run (scope, id);
ALTER TABLE conformity_result ADD COLUMN scope TEXT COLLATE "C" NOT NULL DEFAULT 'all';
ALTER TABLE conformity_result ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conformity_result ADD COLUMN declaration TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conformity_result ADD COLUMN exceptions_run BIGINT;
ALTER TABLE conformity_result ADD COLUMN exceptions_digest TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX conformity_result_trend ON conformity_result (scope, test, run_id);
ALTER TABLE conformity_state ADD COLUMN framework TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conformity_state ADD COLUMN scope TEXT COLLATE "C" NOT NULL DEFAULT 'all';
ALTER TABLE conformity_state ADD COLUMN cause TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX conformity_state_framework ON conformity_state (framework, scope, id);
ALTER TABLE conformity_judgement ADD COLUMN framework TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE TABLE conformity_retest (
    scope TEXT COLLATE "C" NOT NULL,
    test TEXT COLLATE "C" NOT NULL,
    side BIGINT NOT NULL,
    record_type TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    was TEXT COLLATE "C" NOT NULL,
    standing TEXT COLLATE "C" NOT NULL,
    why TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    PRIMARY KEY (scope, test, side, number)
);
CREATE INDEX conformity_retest_record ON conformity_retest (record_type, number);
