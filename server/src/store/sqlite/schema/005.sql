-- Who put an entry in, while it waits: a number of which only the running relay knows where it comes from. NULL for the
-- account's own devices.
ALTER TABLE inbox ADD COLUMN poster INTEGER;
CREATE INDEX inbox_by_poster ON inbox (device, poster) WHERE payload IS NOT NULL AND poster IS NOT NULL;

-- Logs of which nothing is left, by the time of the last entry; those in which nothing ever was, by the time of their
-- making; and those of the former that have a GroupInfo.
CREATE INDEX logs_left ON logs (time) WHERE head = expired;
CREATE INDEX logs_unused ON logs (time) WHERE head = 0;
CREATE INDEX logs_with_info ON logs (time) WHERE head = expired AND group_info IS NOT NULL;
