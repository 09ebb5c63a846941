-- Sign-in: attempts by name and by address, what a session is, one-time links, second factors, service accounts, scopes
-- of tokens.
ALTER TABLE account DROP COLUMN failures;
ALTER TABLE account DROP COLUMN wait_until;
ALTER TABLE account ADD COLUMN program INTEGER NOT NULL DEFAULT 0;
-- The secret of time-based codes (base32), and the last time step whose code was taken.
ALTER TABLE account ADD COLUMN second_factor TEXT;
ALTER TABLE account ADD COLUMN second_factor_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN stage TEXT NOT NULL DEFAULT 'full';
ALTER TABLE session ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN method TEXT NOT NULL DEFAULT 'password';
-- A second factor on its way: its secret, until the first code proves that it was taken over.
ALTER TABLE session ADD COLUMN pending TEXT;
CREATE TABLE sign_in_attempt (
    key TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    wait_until INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_attempt_at ON sign_in_attempt (at);
CREATE TABLE one_time_link (
    token_hash BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX one_time_link_account ON one_time_link (account);
CREATE TABLE recovery_code (
    account INTEGER NOT NULL,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (account, code_hash)
) STRICT, WITHOUT ROWID;
-- What a token may do, as `type:action` parted by blanks; empty for all that its account may.
ALTER TABLE api_token ADD COLUMN scope TEXT NOT NULL DEFAULT '';
