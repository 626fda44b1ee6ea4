-- What an account has in this database. Accounts stand here under their ids: the rows of the other database are
-- not known here. `time` is when a blob or the head was written last, NULL when there is nothing to expire.
-- `head` is the head of the backup; an ended backup has an empty one, and goes on counting.
CREATE TABLE accounts (
    id      INTEGER PRIMARY KEY,
    account BLOB    NOT NULL UNIQUE,
    blobs   INTEGER NOT NULL DEFAULT 0,
    bytes   INTEGER NOT NULL DEFAULT 0,
    time    INTEGER,
    version INTEGER NOT NULL DEFAULT 0,
    head    BLOB
) STRICT;
CREATE INDEX accounts_by_time ON accounts (time) WHERE time IS NOT NULL;

-- A blob, of which `stored` bytes have come, the last of them at `time`. AUTOINCREMENT: the chunks of a dropped
-- blob stay for a while and must not become another one's.
CREATE TABLE blobs (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    blob    BLOB    NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES accounts (id),
    size    INTEGER NOT NULL,
    stored  INTEGER NOT NULL DEFAULT 0,
    time    INTEGER NOT NULL
) STRICT;
CREATE INDEX blobs_by_account ON blobs (account);
CREATE INDEX blobs_unfinished ON blobs (time) WHERE stored < size;

-- The bytes of blobs, in chunks of one length (but for a blob's last), whatever parts they came in.
CREATE TABLE chunks (
    id    INTEGER PRIMARY KEY,
    blob  INTEGER NOT NULL,
    place INTEGER NOT NULL,
    bytes BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunks_by_place ON chunks (blob, place);

-- Blobs that are gone for everybody, and whose chunks are still to be deleted, a bounded number at a time.
CREATE TABLE dropped (blob INTEGER PRIMARY KEY) STRICT;
