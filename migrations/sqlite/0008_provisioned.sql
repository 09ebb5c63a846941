-- What a directory says of accounts (kind user) and teams or roles (kind group) that it keeps here by SCIM: its own id of each,
-- and whether it has removed it. Nothing is deleted by it.
CREATE TABLE provisioned (
    kind TEXT NOT NULL CHECK (kind IN ('user', 'group')),
    id TEXT NOT NULL,
    external_id TEXT,
    removed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
