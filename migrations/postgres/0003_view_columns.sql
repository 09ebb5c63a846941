-- The columns that a saved view shows, by name, parted by commas; empty shows those of the declaration.
ALTER TABLE saved_view ADD COLUMN columns TEXT COLLATE "C" NOT NULL DEFAULT '';
