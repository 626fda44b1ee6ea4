-- The run of the relay in which an entry got its place.
ALTER TABLE entries ADD COLUMN era BLOB NOT NULL DEFAULT x'0000000000000000';

-- The run of now: another one each time the database is opened, so that a copy that is put back gives no place out
-- that it gave out before.
CREATE TABLE era (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    era BLOB    NOT NULL
) STRICT;
INSERT INTO era VALUES (1, randomblob(8));
