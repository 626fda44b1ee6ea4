-- Which account a recovery key leads to. An account that names a key which leads to another already is not here.
CREATE TABLE recovery_keys (
    key     BLOB    NOT NULL PRIMARY KEY,
    account INTEGER NOT NULL UNIQUE REFERENCES accounts (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
