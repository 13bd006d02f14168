-- Facts by month. A version 7 UUID begins with its time in ms, so a month is a range of job ids.

CREATE FUNCTION uuid_at(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT rpad(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

-- The time in a job's id.
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

-- Makes the partitions of the month that a job's id falls into, where they do not exist and the
-- default partition holds no row of that month (then its rows stay there; "portolan db check"
-- tells). Runs with its owner's rights, since the application owns no table: all it can do is to
-- make a partition of a month between 1990 and ten years from now.
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
    -- One maker at a time, and none while the other tables are being made by somebody else.
    PERFORM pg_advisory_xact_lock(7237112, 1);
    CONTINUE WHEN to_regclass(format('public.%I', fact::text || '_' || suffix)) IS NOT NULL;
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE job_id >= %L AND job_id < %L)',
      fact::text || '_default', uuid_at(month), uuid_at(after_month)) INTO is_taken;
    CONTINUE WHEN is_taken;
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
      fact::text || '_' || suffix, fact::text, uuid_at(month), uuid_at(after_month));
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

REVOKE ALL ON FUNCTION ensure_partitions (uuid) FROM public;

-- Rows outside every month wait in the default partitions. This month and the next three are made
-- ahead; the application makes others when a scan of such a month is recorded.
DO $$
DECLARE fact regclass;
BEGIN
  FOR fact IN SELECT fact_tables() LOOP
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I DEFAULT',
      fact::text || '_default', fact::text);
  END LOOP;
  FOR i IN 0..3 LOOP
    PERFORM ensure_partitions(uuid_at(now() + make_interval(months => i)));
  END LOOP;
END
$$;
