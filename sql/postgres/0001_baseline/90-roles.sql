-- Roles without a login, which login users are made members of. portolan_app sees the tenant that
-- its transaction names (SET LOCAL app.tenant_id) and owns nothing. portolan_maintenance sees all
-- tenants, for refresh, retention, backup and the list of tenants. portolan_worker is granted in
-- addition to portolan_app to users who run workers: it takes messages from the queue, which no
-- tenant sees.
--
-- Roles belong to the server, so that another database may have created them. Creating them takes a
-- superuser; where they exist, the owner of a database only needs to be a member of the first two.

DO $$
BEGIN
  IF to_regrole('portolan_app') IS NULL THEN
    CREATE ROLE portolan_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;

DO $$
BEGIN
  IF to_regrole('portolan_maintenance') IS NULL THEN
    CREATE ROLE portolan_maintenance NOLOGIN NOSUPERUSER BYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;

DO $$
BEGIN
  IF to_regrole('portolan_worker') IS NULL THEN
    CREATE ROLE portolan_worker NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END
$$;

-- The user who creates the store may use and maintain it.
DO $$
BEGIN
  IF NOT pg_has_role(current_user, 'portolan_app', 'MEMBER') THEN
    GRANT portolan_app TO CURRENT_USER;
  END IF;
  IF NOT pg_has_role(current_user, 'portolan_maintenance', 'MEMBER') THEN
    GRANT portolan_maintenance TO CURRENT_USER;
  END IF;
END
$$;
