-- The store, its settings and its tenant. A file holds one tenant.
--
-- Tenants, scans and hosts have integer keys, which take a third of the bytes of a UUID in every
-- fact; users see UUIDs, which are separate columns. Times are epoch ms. `x_scans` is x as one scan
-- saw it. An index exists only where a query needs it: indexes are most of the bytes that recording
-- a scan writes.

-- "PRTL" marks the file as a Portolan store.
PRAGMA application_id = 1347572812;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenants (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  created_by TEXT,
  modified_by TEXT
) STRICT;

INSERT INTO tenants (id, uuid, name, created_at)
VALUES (1, '00000000-0000-0000-0000-000000000000', 'default', 0);
