-- What the planner has to know of facts.

-- A scan is one tenant's. Without that, rows of a scan and of its tenant (whom row-level security
-- asks for in every query) count as two conditions, and twenty tenants make twenty times too few
-- rows: a page of a scan's ports would be sorted out of all of them instead of read in order.
CREATE FUNCTION portolan_private.relate_tenants(fact_partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE STATISTICS public.%I (dependencies) ON job_id, tenant_id FROM %s',
    (SELECT relname FROM pg_class WHERE oid = fact_partition) || '_tenant', fact_partition);
END
$$;

REVOKE ALL ON FUNCTION portolan_private.relate_tenants (regclass) FROM public;

-- Makes the partitions of the month that a job's id falls into, where they do not exist and the
-- default partition holds no row of that month (then its rows stay there; "portolan db check"
-- tells). Runs with its owner's rights, since the application owns no table: all it can do is to
-- make a partition of a month between 1990 and ten years from now.
CREATE OR REPLACE FUNCTION ensure_partitions(job_id uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  month timestamptz := date_trunc('month', uuid_time(job_id), 'UTC');
  after_month timestamptz := date_trunc('month', month + interval '32 days', 'UTC');
  suffix text := to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
  fact regclass;
  made integer := 0;
  is_taken boolean;
BEGIN
  IF month < '1990-01-01Z' OR month > now() + interval '10 years' THEN
    RETURN 0;
  END IF;
  FOR fact IN SELECT fact_tables() LOOP
    CONTINUE WHEN to_regclass(format('public.%I', fact::text || '_' || suffix)) IS NOT NULL;
    -- One maker at a time, and none while the other tables are being made by somebody else.
    PERFORM pg_advisory_xact_lock(7237112, 1);
    CONTINUE WHEN to_regclass(format('public.%I', fact::text || '_' || suffix)) IS NOT NULL;
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE job_id >= %L AND job_id < %L)',
      fact::text || '_default', uuid_at(month), uuid_at(after_month)) INTO is_taken;
    CONTINUE WHEN is_taken;
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
      fact::text || '_' || suffix, fact::text, uuid_at(month), uuid_at(after_month));
    PERFORM portolan_private.relate_tenants(format('public.%I', fact::text || '_' || suffix)::regclass);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

SELECT portolan_private.relate_tenants(relid) FROM fact_tables() AS fact, pg_partition_tree(fact)
WHERE isleaf;

-- Who presents a certificate: others' tenants may present it too.
DROP INDEX tls_scans_certificate;
CREATE INDEX tls_scans_certificate ON tls_scans (tenant_id, certificate, host_id)
  WHERE certificate IS NOT NULL;
