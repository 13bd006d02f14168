-- Who changed what. One hash chain per tenant: hash covers the row and the hash before it.
-- audit_heads holds the end of the chain, so that a truncated log is noticed.
CREATE TABLE audit_log (
  tenant_id INTEGER NOT NULL REFERENCES tenants (id),
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor_kind TEXT NOT NULL CHECK (actor_kind IN ('person', 'key', 'job')),
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  before TEXT CHECK (before IS NULL OR json_valid(before)),
  after TEXT CHECK (after IS NULL OR json_valid(after)),
  reason TEXT,
  address TEXT,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant_id, seq)
) STRICT;

CREATE TABLE audit_heads (
  tenant_id INTEGER PRIMARY KEY REFERENCES tenants (id),
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT;
