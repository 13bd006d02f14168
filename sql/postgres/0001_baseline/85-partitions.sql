-- Facts are partitioned by month. A version 7 UUID begins with its time in ms, so that a month is a
-- range of job ids.

CREATE FUNCTION uuid_at(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT rpad(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

-- The time in the id of a scan.
CREATE FUNCTION uuid_time(id uuid) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_timestamp(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint
    / 1000.0)
$$;

CREATE FUNCTION fact_tables() RETURNS SETOF regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.oid::regclass FROM pg_class c
  WHERE c.relkind = 'p' AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname
$$;

-- Tells the planner that a scan belongs to one tenant. Otherwise a row's scan and its tenant (which
-- row-level security adds to every query) count as two independent conditions: with twenty tenants
-- the estimate is twenty times too low, and a page of a scan's ports would be sorted out of all of
-- them instead of being read in order.
CREATE FUNCTION portolan_private.relate_tenants(fact_partition regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE STATISTICS public.%I (dependencies) ON job_id, tenant_id FROM %s',
    (SELECT relname FROM pg_class WHERE oid = fact_partition) || '_tenant', fact_partition);
END
$$;

REVOKE ALL ON FUNCTION portolan_private.relate_tenants (regclass) FROM public;

-- Creates the missing partitions of the month of a scan's id. Where the default partition already
-- holds rows of that month, they stay there and "portolan db check" reports it. Runs with its
-- owner's rights, since the application owns no table: all it can do is to create the partition of
-- a month between 1990 and ten years from now.
CREATE FUNCTION ensure_partitions(job_id uuid) RETURNS integer
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
    -- One session at a time creates partitions; another one may have created this one meanwhile.
    PERFORM pg_advisory_xact_lock(7237112, 1);
    CONTINUE WHEN to_regclass(format('public.%I', fact::text || '_' || suffix)) IS NOT NULL;
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE job_id >= %L AND job_id < %L)',
      fact::text || '_default', uuid_at(month), uuid_at(after_month)) INTO is_taken;
    CONTINUE WHEN is_taken;
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
      fact::text || '_' || suffix, fact::text, uuid_at(month), uuid_at(after_month));
    PERFORM portolan_private.relate_tenants(
      format('public.%I', fact::text || '_' || suffix)::regclass);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

REVOKE ALL ON FUNCTION ensure_partitions (uuid) FROM public;

-- Rows of no other partition go into the default ones. This month and the next three are created
-- ahead; the application creates others when it records a scan of such a month.
DO $$
DECLARE fact regclass;
BEGIN
  FOR fact IN SELECT fact_tables() LOOP
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT',
      fact::text || '_default', fact::text);
    PERFORM portolan_private.relate_tenants(
      format('public.%I', fact::text || '_default')::regclass);
  END LOOP;
  FOR i IN 0..3 LOOP
    PERFORM ensure_partitions(uuid_at(now() + make_interval(months => i)));
  END LOOP;
END
$$;
