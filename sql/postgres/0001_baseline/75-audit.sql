-- Who changed what. One hash chain per tenant: hash covers the row and the hash before it.
-- audit_heads holds the end of the chain, so that a truncated log is noticed.
CREATE TABLE audit_log (
  tenant_id uuid NOT NULL CONSTRAINT audit_log_tenant_fkey REFERENCES tenants (id),
  seq bigint NOT NULL,
  at timestamptz NOT NULL,
  actor_kind text NOT NULL
    CONSTRAINT audit_log_actor_kind_check CHECK (actor_kind IN ('person', 'key', 'job')),
  actor text NOT NULL,
  action text NOT NULL,
  object_type text NOT NULL,
  object_id text NOT NULL,
  before jsonb,
  after jsonb,
  reason text,
  address text,
  previous_hash text NOT NULL,
  hash text NOT NULL,
  CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, seq)
);

CREATE INDEX audit_log_object ON audit_log (tenant_id, object_type, object_id, seq);

CREATE TABLE audit_heads (
  tenant_id uuid CONSTRAINT audit_heads_pkey PRIMARY KEY
    CONSTRAINT audit_heads_tenant_fkey REFERENCES tenants (id),
  seq bigint NOT NULL,
  hash text NOT NULL
);
