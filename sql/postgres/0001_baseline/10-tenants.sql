-- The store, its settings and its tenants: the tables of the SQLite store, for PostgreSQL 15 and
-- newer.
--
-- Ids are UUIDs computed by the application: hosts.id from tenant and address, job ids with their
-- time in front (version 7). Every row carries its tenant, and row-level security limits a
-- transaction to one. Facts (`x_scans`, services, findings …) are keyed by scan and host, refer to
-- both and to no other fact, and are partitioned by the time in job_id:
-- docs/decisions/0005-postgresql-layout.md. An index exists only where a query needs it.

CREATE TABLE settings (
  name text CONSTRAINT settings_pkey PRIMARY KEY,
  value text NOT NULL
);

CREATE TABLE tenants (
  id uuid CONSTRAINT tenants_pkey PRIMARY KEY,
  name text NOT NULL CONSTRAINT tenants_name_key UNIQUE,
  created_at timestamptz NOT NULL,
  created_by text,
  modified_by text
);

INSERT INTO tenants (id, name, created_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'default', 'epoch');
