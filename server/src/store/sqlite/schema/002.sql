-- What the device left at its last check-in; NULL before its first.
ALTER TABLE devices ADD COLUMN stamp BLOB;
