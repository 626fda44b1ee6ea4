-- The ways into a log by invite links. They stand until the group era ends or their time is over. `link` is the hash of the
-- link's capability; `wrap` counts into the log's `bytes`.
CREATE TABLE link_slots (
    id      INTEGER PRIMARY KEY,
    log     INTEGER NOT NULL REFERENCES logs (id) ON DELETE CASCADE,
    link    BLOB    NOT NULL,
    wrap    BLOB    NOT NULL,
    expires INTEGER
) STRICT;
CREATE UNIQUE INDEX link_slots_by_log ON link_slots (log, link);
CREATE INDEX link_slots_by_link ON link_slots (link, log);
CREATE INDEX link_slots_expiring ON link_slots (expires) WHERE expires IS NOT NULL;
