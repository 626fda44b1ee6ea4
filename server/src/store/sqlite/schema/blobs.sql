-- What an account or a log has in this database. They stand here under their ids, of 32 and of 16 bytes: the rows of the
-- other database are not known here. `time` is when a blob or the head was written last, NULL when there is nothing to
-- expire together. `head` is the head of an account's backup; an ended backup has an empty one, and goes on counting.
CREATE TABLE owners (
    id      INTEGER PRIMARY KEY,
    owner   BLOB    NOT NULL UNIQUE,
    blobs   INTEGER NOT NULL DEFAULT 0,
    bytes   INTEGER NOT NULL DEFAULT 0,
    time    INTEGER,
    version INTEGER NOT NULL DEFAULT 0,
    head    BLOB
) STRICT;
CREATE INDEX owners_by_time ON owners (time) WHERE time IS NOT NULL;

-- A blob, of which `stored` bytes have come, the last of them at `time`. One of a log has the hash that all of its bytes
-- shall have, and that of the capability which reads it. AUTOINCREMENT: the chunks of a dropped blob stay for a while and
-- must not become another one's.
CREATE TABLE blobs (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    blob   BLOB    NOT NULL UNIQUE,
    owner  INTEGER NOT NULL REFERENCES owners (id),
    size   INTEGER NOT NULL,
    stored INTEGER NOT NULL DEFAULT 0,
    time   INTEGER NOT NULL,
    hash   BLOB,
    reader BLOB
) STRICT;
CREATE INDEX blobs_by_owner ON blobs (owner);
CREATE INDEX blobs_unfinished ON blobs (time) WHERE stored < size;
CREATE INDEX blobs_of_logs ON blobs (time) WHERE reader IS NOT NULL;

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
