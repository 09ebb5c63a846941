-- Ways in beside the password: identities of other providers, passkeys, and steps that wait for what a browser brings back.
CREATE TABLE outside_identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX outside_identity_account ON outside_identity (account);
-- The public key of a passkey, as the verifier keeps it, with its counter.
CREATE TABLE passkey (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    label TEXT NOT NULL,
    credential_id BLOB NOT NULL UNIQUE,
    credential TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX passkey_account ON passkey (account);
-- Used once, with an end.
CREATE TABLE waiting_step (
    token_hash BLOB PRIMARY KEY,
    purpose TEXT NOT NULL,
    body TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_step_expires ON waiting_step (expires_at);
-- What a provider takes back at sign-out, and by which of its people and sessions it ends ours.
ALTER TABLE session ADD COLUMN token TEXT;
ALTER TABLE session ADD COLUMN issuer TEXT;
ALTER TABLE session ADD COLUMN subject TEXT;
ALTER TABLE session ADD COLUMN sid TEXT;
CREATE INDEX session_issuer ON session (issuer, subject);
