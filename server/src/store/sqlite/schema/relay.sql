-- A conversation log. Messages expire sooner than commits: up to `messages_expired` only commits are left, in a table
-- of their own, and up to `expired` nothing. `bytes` counts all payloads and the GroupInfo, `commit_bytes` those of commits.
CREATE TABLE logs (
    id               INTEGER PRIMARY KEY,
    log              BLOB    NOT NULL UNIQUE,
    first_epoch      INTEGER NOT NULL,
    first_append     BLOB    NOT NULL,
    first_read       BLOB    NOT NULL,
    epoch            INTEGER NOT NULL,
    head             INTEGER NOT NULL DEFAULT 0,
    messages_expired INTEGER NOT NULL DEFAULT 0,
    expired          INTEGER NOT NULL DEFAULT 0,
    time             INTEGER NOT NULL,
    bytes            INTEGER NOT NULL DEFAULT 0,
    commit_bytes     INTEGER NOT NULL DEFAULT 0,
    group_info       BLOB
) STRICT;

-- Logs of which no message is left, by the time of the last entry; and those in which nothing ever was, by the time of
-- their making.
CREATE INDEX logs_left ON logs (time) WHERE head = messages_expired;
CREATE INDEX logs_unused ON logs (time) WHERE head = 0;

-- Who may append: one capability hash for each epoch. `first` is the place of the epoch's first entry.
CREATE TABLE epochs (
    log        INTEGER NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    capability BLOB    NOT NULL,
    epoch      INTEGER NOT NULL,
    first      INTEGER NOT NULL,
    PRIMARY KEY (log, capability),
    UNIQUE (log, epoch)
) STRICT, WITHOUT ROWID;

-- Who may read: one capability hash for each group era, which begins with `epoch`. Entries `first` to `last` are the
-- era's; `last` is the commit that ended it.
CREATE TABLE group_eras (
    log        INTEGER NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    capability BLOB    NOT NULL,
    epoch      INTEGER NOT NULL,
    first      INTEGER NOT NULL,
    last       INTEGER,
    PRIMARY KEY (log, capability),
    UNIQUE (log, epoch)
) STRICT, WITHOUT ROWID;

-- Rows are in the order of their arrival, so that appending writes to the end of the table and expiry
-- reads from its beginning. `era` is the run of the relay in which an entry got its place.
CREATE TABLE entries (
    id        INTEGER PRIMARY KEY,
    log       INTEGER NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    seq       INTEGER NOT NULL,
    epoch     INTEGER NOT NULL,
    append    BLOB    NOT NULL,
    is_commit INTEGER NOT NULL,
    time      INTEGER NOT NULL,
    payload   BLOB    NOT NULL,
    era       BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX entries_by_seq ON entries (log, seq);
CREATE UNIQUE INDEX entries_by_append ON entries (log, append);

-- Commits that are older than messages get, in the order in which they came here, which is that of their arrival. A
-- retry is not looked for here: append ids are remembered for as long as messages.
CREATE TABLE commits (
    id      INTEGER PRIMARY KEY,
    log     INTEGER NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    append  BLOB    NOT NULL,
    time    INTEGER NOT NULL,
    payload BLOB    NOT NULL,
    era     BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX commits_by_seq ON commits (log, seq);

-- The run of now: another one each time the database is opened, so that a copy that is put back gives no place out
-- that it gave out before.
CREATE TABLE era (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    era BLOB    NOT NULL
) STRICT;
INSERT INTO era VALUES (1, randomblob(8));

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

-- Which account a recovery key leads to. An account that names a key which leads to another already is not here.
CREATE TABLE recovery_keys (
    key     BLOB    NOT NULL PRIMARY KEY,
    account INTEGER NOT NULL UNIQUE REFERENCES accounts (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The devices that are in a device log now, each with its inbox and its pool. `stamp` is what the device left at its last
-- check-in; NULL before its first. AUTOINCREMENT: an id that belonged to a removed device never means another one.
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
    stamp       BLOB,
    UNIQUE (account, device)
) STRICT;

-- An entry that was acknowledged keeps its row without its payload for a while, so that a late retry of
-- the post is still recognised. `poster` is who put it in, while it waits: a number of which only the running relay knows
-- where it comes from; NULL for the account's own devices.
CREATE TABLE inbox (
    id      INTEGER PRIMARY KEY,
    device  INTEGER NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    append  BLOB    NOT NULL,
    time    INTEGER NOT NULL,
    payload BLOB,
    poster  INTEGER
) STRICT;
CREATE UNIQUE INDEX inbox_by_seq ON inbox (device, seq);
CREATE UNIQUE INDEX inbox_by_append ON inbox (device, append);
CREATE INDEX inbox_acknowledged ON inbox (time) WHERE payload IS NULL;
CREATE INDEX inbox_by_poster ON inbox (device, poster) WHERE payload IS NOT NULL AND poster IS NOT NULL;

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
