import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portolan } from '../cli.ts';
import { jsonLines, wholeScan } from '../store/filled.ts';
import { dropDatabase, newDatabase, postgresServers } from '../store/stores.ts';

/**
 * Two tenants, each with rows in every table. Whatever one asks, by the product or by SQL, is
 * looked through for the other's ids, addresses and words.
 */
describe.each(postgresServers)('two tenants on $name', ({ url: server }) => {
  let db = '';
  let admin: pg.Client;
  let app: pg.Client;
  const ids = { harbour: '', lighthouse: '' };
  const samples = {
    harbour: { address: '192.0.2.77', t: Date.UTC(2026, 9, 1), mark: 'mark-of-harbour' },
    lighthouse: { address: '198.51.100.88', t: Date.UTC(2026, 9, 2), mark: 'mark-of-lighthouse' },
  };
  type Name = keyof typeof samples;
  const names: Name[] = ['harbour', 'lighthouse'];

  beforeAll(async () => {
    db = await newDatabase(server);
    admin = new pg.Client({ connectionString: db });
    await admin.connect();
    for (const name of names) {
      const { address, t, mark } = samples[name];
      await portolan(['tenant', 'add', name, '--db', db]);
      const imported = await portolan(['import', '-', '--db', db, '--tenant', name], {
        stdin: jsonLines(wholeScan(mark, t, address)),
      });
      expect(imported).toMatchObject({ status: 0 });
    }
    const { rows } = await admin.query<{ id: string; name: Name }>('SELECT id, name FROM tenants');
    for (const { id, name } of rows) ids[name] = id;
    for (const name of names) await addDefinitions(name);
    await admin.query('REFRESH MATERIALIZED VIEW portolan_private.host_summary');
    await admin.query('REFRESH MATERIALIZED VIEW portolan_private.network_summary');
    app = await connectAsApplication();
  });

  afterAll(async () => {
    await app.end();
    await admin.query('DROP OWNED BY tenant_test_login');
    await admin.query('DROP ROLE tenant_test_login');
    await admin.end();
    await dropDatabase(server, db);
  });

  /** Tables that the sample scan does not fill. */
  async function addDefinitions(name: Name): Promise<void> {
    const { address, mark } = samples[name];
    const tenant = ids[name];
    const insert = async (table: string, values: Record<string, unknown>): Promise<void> => {
      const columns = Object.keys(values);
      await admin.query(
        `INSERT INTO ${table} (${columns.join(', ')})
         VALUES (${columns.map((_, i) => `$${i + 1}`).join(', ')})`,
        Object.values(values),
      );
    };
    const [now, target] = ['2026-01-01Z', tenant.replace(/^./, 'f')];
    const made = { tenant_id: tenant, created_at: now, created_by: mark };
    await insert('scan_targets', {
      ...made,
      id: target,
      name: mark,
      network: `${address}/32`,
      targets: JSON.stringify([address]),
      updated_at: now,
    });
    const ports = { transport: 'tcp', first: 1, last: 9 };
    await insert('scan_target_ports', { tenant_id: tenant, target_id: target, ...ports });
    await insert('exclusions', { ...made, id: target, target_id: target, excluded: address });
    await insert('scan_profiles', { ...made, name: mark, config: '{}', updated_at: now });
    const when = { cron: '@daily', time_zone: 'UTC', updated_at: now };
    await insert('schedules', { ...made, ...when, id: target, name: mark, target_id: target });
    await insert('schedule_runs', {
      tenant_id: tenant,
      schedule_id: target,
      tick_at: now,
      status: 'missed',
      reason: mark,
      decided_at: now,
    });
    const { rows } = await admin.query<{ id: string }>(
      'SELECT id FROM hosts WHERE tenant_id = $1',
      [tenant],
    );
    await insert('workers', {
      tenant_id: tenant,
      id: mark,
      host: mark,
      pid: 1,
      process_started: '',
      concurrency: 1,
      scan_types: '[]',
      labels: '[]',
      started_at: now,
      heartbeat_at: now,
    });
    await insert('host_history', {
      tenant_id: tenant,
      id: target,
      host_id: rows[0]!.id,
      field: 'hostname',
      changed_at: now,
      changed_by: mark,
    });
  }

  /** Somebody who may work as the application, and nothing else. */
  async function connectAsApplication(): Promise<pg.Client> {
    await admin.query('DROP ROLE IF EXISTS tenant_test_login');
    await admin.query("CREATE ROLE tenant_test_login LOGIN PASSWORD 'x' IN ROLE portolan_app");
    const url = new URL(db);
    [url.username, url.password] = ['tenant_test_login', 'x'];
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    return client;
  }

  /** Everything by which a row of a tenant would show. */
  async function tracesOf(name: Name): Promise<string[]> {
    const { rows } = await admin.query<{ id: string }>(
      `SELECT id::text FROM hosts WHERE tenant_id = $1
       UNION SELECT id::text FROM scan_jobs WHERE tenant_id = $1`,
      [ids[name]],
    );
    const { address, mark } = samples[name];
    // The network of an address, as summaries name it.
    const network = `${address.slice(0, address.lastIndexOf('.'))}.0/`;
    return [ids[name], mark, address, network, ...rows.map(({ id }) => id)];
  }

  interface Relation {
    readonly name: string;
    readonly kind: 'table' | 'view' | 'materialized' | 'partition' | 'queue';
  }

  async function relations(): Promise<Relation[]> {
    const { rows } = await admin.query<Relation>(`
      SELECT c.oid::regclass::text AS name,
        CASE WHEN n.nspname = 'graphile_worker' THEN 'queue'
          WHEN c.relispartition THEN 'partition' WHEN c.relkind IN ('r', 'p') THEN 'table'
          WHEN c.relkind = 'v' THEN 'view' ELSE 'materialized' END AS kind
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^(pg_|information_schema)'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
      ORDER BY 1`);
    return rows;
  }

  /** Every row that the application sees as one tenant, as text; undefined where it is refused. */
  async function seen(relation: string, tenant: string | undefined): Promise<string | undefined> {
    await app.query('BEGIN');
    try {
      if (tenant) await app.query(`SET LOCAL app.tenant_id = '${tenant}'`);
      const { rows } = await app.query<{ line: string }>(
        `SELECT to_jsonb(r)::text AS line FROM ${relation} r`,
      );
      return rows.map(({ line }) => line).join('\n');
    } catch (error) {
      if ((error as { code?: string }).code === '42501') return undefined;
      throw error;
    } finally {
      await app.query('ROLLBACK');
    }
  }

  /** Without a tenant's rows by their nature. */
  const common = new Set(['migrations', 'settings']);

  test('no table, view or materialized view shows a row of the other', async () => {
    const traces = await tracesOf('lighthouse');
    const all = await relations();
    expect(all.length).toBeGreaterThan(40);
    for (const { name, kind } of all) {
      const text = await seen(name, ids.harbour);
      const isOpen = kind === 'table' || kind === 'view';
      expect([name, text !== undefined], 'granted').toEqual([name, isOpen]);
      expect(traces.filter((trace) => text?.includes(trace)).map((t) => [name, t])).toEqual([]);
      if (!isOpen || common.has(name)) continue;
      // What is looked through is not empty: the other has rows there, and so does this one.
      expect([name, text !== '', (await seen(name, ids.lighthouse)) !== '']).toEqual([
        name,
        true,
        true,
      ]);
    }
  });

  test('sums count the own rows only', async () => {
    expect(JSON.parse((await seen('scan_performance_stats', ids.harbour))!)).toMatchObject({
      scans: 1,
      hosts: 1,
    });
  });

  test('a transaction that names no tenant sees nothing, nor does one after another tenant', async () => {
    for (const { name, kind } of await relations()) {
      if (kind === 'partition' || kind === 'materialized' || common.has(name)) continue;
      // What is refused shows nothing either.
      expect([name, (await seen(name, undefined)) ?? '']).toEqual([name, '']);
    }
  });

  test('every table has forced row-level security with a restricting policy', async () => {
    const { rows } = await admin.query<{ name: string }>(`
      SELECT c.relname AS name FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
          SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive))
      ORDER BY 1`);
    expect(rows.map(({ name }) => name)).toEqual([...common].toSorted());
  });

  test('views ask with the rights of who asks, or show one tenant; definers are few', async () => {
    const views = await admin.query<{ name: string }>(`
      SELECT c.relname AS name FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
        AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false) ORDER BY 1`);
    expect(views.rows.map(({ name }) => name)).toEqual(['host_summary', 'network_summary']);
    const functions = await admin.query<{ name: string; is_fixed: boolean }>(`
      SELECT proname AS name, proconfig::text LIKE '%search_path=%' AS is_fixed FROM pg_proc
      WHERE prosecdef AND pronamespace::regnamespace::text IN ('public', 'portolan_private')
      ORDER BY 1`);
    expect(functions.rows).toEqual([
      { name: 'add_ticket', is_fixed: true },
      { name: 'ensure_partitions', is_fixed: true },
      { name: 'tenant_id_of', is_fixed: true },
      { name: 'tenants_at_work', is_fixed: true },
      { name: 'tenants_with_schedules', is_fixed: true },
    ]);
  });

  test('nothing can be written for the other, nor moved to it', async () => {
    const { rows } = await admin.query<{ id: string }>(
      'SELECT id FROM hosts WHERE tenant_id = $1',
      [ids.lighthouse],
    );
    const statements = [
      `INSERT INTO scan_profiles VALUES ('${ids.lighthouse}', 'x', NULL, '{}', now(), now())`,
      `UPDATE hosts SET tenant_id = '${ids.lighthouse}'`,
      // A host of the other's, with a tenant of one's own.
      `INSERT INTO host_ports SELECT '${ids.harbour}', '${rows[0]!.id}', 'tcp', 1, 'open', NULL,
        NULL, NULL, NULL, NULL, NULL, now(), now(), now(), now(), '${rows[0]!.id}'`,
      'UPDATE audit_log SET action = action',
      'DELETE FROM audit_log',
      'DELETE FROM tenants',
      'DROP TABLE hosts',
      'SET ROLE portolan_maintenance',
    ];
    for (const statement of statements) {
      await app.query('BEGIN');
      await app.query(`SET LOCAL app.tenant_id = '${ids.harbour}'`);
      const outcome = app.query(statement);
      await expect(outcome, statement).rejects.toMatchObject({
        code: expect.stringMatching(/^(42501|23503)$/) as string,
      });
      await app.query('ROLLBACK');
    }
    const changed = ['UPDATE hosts SET hostname = NULL', 'DELETE FROM hosts'];
    for (const statement of changed) {
      await app.query('BEGIN');
      await app.query(`SET LOCAL app.tenant_id = '${ids.harbour}'`);
      expect([statement, (await app.query(statement)).rowCount]).toEqual([statement, 1]);
      await app.query('ROLLBACK');
    }
  });

  test('no command for one tenant prints a word of the other', async () => {
    const traces = await tracesOf('lighthouse');
    const commands = [
      ['scans', '--json'],
      ['hosts', '--json'],
      ['ports', '--json'],
      ['web', '--json'],
      ['certs', '--json'],
      ['errors', '--json'],
      ['audit', 'list', '--json'],
      ['show', 'last', '--json'],
      ['host', samples.harbour.address, '--json'],
      ['export'],
    ];
    for (const words of commands) {
      const outcome = await portolan([...words, '--db', db, '--tenant', 'harbour']);
      expect([words, outcome.status, outcome.stderr]).toEqual([words, 0, expect.anything()]);
      expect(outcome.stdout.length).toBeGreaterThan(50);
      expect(traces.filter((trace) => outcome.stdout.includes(trace))).toEqual([]);
    }
    for (const words of [
      ['show', samples.lighthouse.mark],
      ['resume', samples.lighthouse.mark],
      ['host', samples.lighthouse.address],
    ]) {
      const outcome = await portolan([...words, '--db', db, '--tenant', 'harbour']);
      expect([words, outcome.status]).toEqual([words, 1]);
    }
  });

  test('the maintenance role sees all rows, and its refresh loses none', async () => {
    await admin.query('BEGIN; SET LOCAL ROLE portolan_maintenance');
    await admin.query('REFRESH MATERIALIZED VIEW CONCURRENTLY portolan_private.host_summary');
    const { rows } = await admin.query<{ n: number }>(
      'SELECT count(DISTINCT tenant_id)::int AS n FROM portolan_private.host_summary',
    );
    await admin.query('COMMIT');
    expect(rows).toEqual([{ n: 2 }]);
  });
});
