-- Workers, present and past: heartbeat_at tells them apart. Units that a worker holds carry its id
-- at the beginning of scan_units.worker_id.
CREATE TABLE workers (
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  id TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_started TEXT NOT NULL,
  concurrency INTEGER NOT NULL,
  scan_types TEXT NOT NULL CHECK (json_valid(scan_types)),
  labels TEXT NOT NULL CHECK (json_valid(labels)),
  is_stopping INTEGER NOT NULL DEFAULT 0 CHECK (is_stopping IN (0, 1)),
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
