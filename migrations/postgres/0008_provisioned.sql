-- What a directory says of accounts (kind user) and teams or roles (kind group) that it keeps here by SCIM: its own id of each,
-- and whether it has removed it. Nothing is deleted by it.
CREATE TABLE provisioned (
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('user', 'group')),
    id TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C",
    removed BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (kind, id)
);
