-- Sign-in: attempts by name and by address, what a session is, one-time links, second factors, service accounts, scopes
-- of tokens.
ALTER TABLE account DROP COLUMN failures;
ALTER TABLE account DROP COLUMN wait_until;
ALTER TABLE account ADD COLUMN program BOOLEAN NOT NULL DEFAULT FALSE;
-- The secret of time-based codes (base32), and the last time step whose code was taken.
ALTER TABLE account ADD COLUMN second_factor TEXT COLLATE "C";
ALTER TABLE account ADD COLUMN second_factor_step BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN stage TEXT COLLATE "C" NOT NULL DEFAULT 'full';
ALTER TABLE session ADD COLUMN address TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN agent TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN method TEXT COLLATE "C" NOT NULL DEFAULT 'password';
-- A second factor on its way: its secret, until the first code proves that it was taken over.
ALTER TABLE session ADD COLUMN pending TEXT COLLATE "C";
CREATE TABLE sign_in_attempt (
    key TEXT COLLATE "C" PRIMARY KEY,
    failures BIGINT NOT NULL,
    wait_until BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX sign_in_attempt_at ON sign_in_attempt (at);
CREATE TABLE one_time_link (
    token_hash BYTEA PRIMARY KEY,
    account BIGINT NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX one_time_link_account ON one_time_link (account);
CREATE TABLE recovery_code (
    account BIGINT NOT NULL,
    code_hash BYTEA NOT NULL,
    PRIMARY KEY (account, code_hash)
);
-- What a token may do, as `type:action` parted by blanks; empty for all that its account may.
ALTER TABLE api_token ADD COLUMN scope TEXT COLLATE "C" NOT NULL DEFAULT '';
