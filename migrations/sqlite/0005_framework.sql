-- Editions of frameworks (requirements) and what joins them to tests (links): drafts and published ones, only ever added.
CREATE TABLE conformity_framework (
    id INTEGER PRIMARY KEY,
    framework TEXT NOT NULL,
    part TEXT NOT NULL,
    state TEXT NOT NULL,
    edition TEXT NOT NULL,
    digest TEXT NOT NULL,
    source TEXT NOT NULL,
    origin TEXT NOT NULL,
    at INTEGER NOT NULL,
    person INTEGER,
    author TEXT NOT NULL,
    write_id BLOB NOT NULL
) STRICT;
CREATE INDEX conformity_framework_name ON conformity_framework (framework, part, id);
