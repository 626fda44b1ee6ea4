-- A conversation log. `expired` is the last place whose entry has been deleted for its age.
CREATE TABLE logs (
    id               INTEGER PRIMARY KEY,
    log              BLOB    NOT NULL UNIQUE,
    first_epoch      INTEGER NOT NULL,
    first_capability BLOB    NOT NULL,
    epoch            INTEGER NOT NULL,
    head             INTEGER NOT NULL DEFAULT 0,
    expired          INTEGER NOT NULL DEFAULT 0,
    time             INTEGER NOT NULL,
    bytes            INTEGER NOT NULL DEFAULT 0,
    group_info       BLOB
) STRICT;

-- Who may post and read: one capability hash for each epoch. Entries `first` to `last` are the epoch's;
-- `last` is the commit that ended it.
CREATE TABLE epochs (
    log        INTEGER NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    capability BLOB    NOT NULL,
    epoch      INTEGER NOT NULL,
    first      INTEGER NOT NULL,
    last       INTEGER,
    PRIMARY KEY (log, capability),
    UNIQUE (log, epoch)
) STRICT, WITHOUT ROWID;

-- Rows are in the order of their arrival, so that appending writes to the end of the table and expiry
-- reads from its beginning.
CREATE TABLE entries (
    id      INTEGER PRIMARY KEY,
    log     INTEGER NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    append  BLOB    NOT NULL,
    is_commit INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    payload BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX entries_by_seq ON entries (log, seq);
CREATE UNIQUE INDEX entries_by_append ON entries (log, append);

-- The directory. `head` is the hash of the device log's last entry.
CREATE TABLE accounts (
    id       INTEGER PRIMARY KEY,
    account  BLOB    NOT NULL UNIQUE,
    username TEXT    NOT NULL UNIQUE,
    skeleton TEXT    NOT NULL UNIQUE,
    length   INTEGER NOT NULL,
    head     BLOB    NOT NULL
) STRICT;

CREATE TABLE device_log (
    account           INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    place             INTEGER NOT NULL,
    body              BLOB    NOT NULL,
    signature         BLOB    NOT NULL,
    counter_signature BLOB,
    PRIMARY KEY (account, place)
) STRICT, WITHOUT ROWID;

-- The devices that are in a device log now, each with its inbox and its pool. AUTOINCREMENT: an id that
-- belonged to a removed device never means another one.
CREATE TABLE devices (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account     INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device      BLOB    NOT NULL,
    capability  BLOB    NOT NULL,
    head        INTEGER NOT NULL DEFAULT 0,
    acked       INTEGER NOT NULL DEFAULT 0,
    time        INTEGER NOT NULL DEFAULT 0,
    waiting     INTEGER NOT NULL DEFAULT 0,
    bytes       INTEGER NOT NULL DEFAULT 0,
    last_resort BLOB,
    UNIQUE (account, device)
) STRICT;

-- An entry that was acknowledged keeps its row without its payload for a while, so that a late retry of
-- the post is still recognised.
CREATE TABLE inbox (
    id      INTEGER PRIMARY KEY,
    device  INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    append  BLOB    NOT NULL,
    time    INTEGER NOT NULL,
    payload BLOB
) STRICT;
CREATE UNIQUE INDEX inbox_by_seq ON inbox (device, seq);
CREATE UNIQUE INDEX inbox_by_append ON inbox (device, append);
CREATE INDEX inbox_acknowledged ON inbox (time) WHERE payload IS NULL;

-- A one-time KeyPackage that was given out keeps its row without its bytes, so that uploading it again does
-- not give it out again.
CREATE TABLE key_packages (
    id          INTEGER PRIMARY KEY,
    device      INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    hash        BLOB    NOT NULL,
    time        INTEGER NOT NULL,
    key_package BLOB
) STRICT;
CREATE UNIQUE INDEX key_packages_by_hash ON key_packages (device, hash);
CREATE INDEX key_packages_left ON key_packages (device, id) WHERE key_package IS NOT NULL;

-- Written to by the readiness probe.
CREATE TABLE probe (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    written INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES (1, 0);
