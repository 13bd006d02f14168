import { Client } from 'pg';
import { parsePorts } from '../src/core/ports.ts';
import { listCertificates } from '../src/store/inventory/certificates.ts';
import { listErrors } from '../src/store/inventory/errors.ts';
import { selectHosts } from '../src/store/filter.ts';
import { hostHistory } from '../src/store/inventory/host-history.ts';
import { getHost, listHosts } from '../src/store/inventory/hosts.ts';
import { listJobs } from '../src/store/scans/find-scan.ts';
import { listPorts } from '../src/store/inventory/ports.ts';
import { openPool, defaultPool } from '../src/store/postgres/connection.ts';
import { postgresDatabase } from '../src/store/postgres/database.ts';
import { compileSql } from '../src/store/sql.ts';
import type { StoreDatabase } from '../src/store/store.ts';
import { listWeb } from '../src/store/inventory/web.ts';

/** The size of a store; by default 10 million ports of 20 tenants in 24 months. */
export interface Volume {
  readonly tenants: number;
  readonly months: number;
  readonly hosts: number;
  readonly portsPerHost: number;
}

const volume: Volume = { tenants: 20, months: 24, hosts: 2084, portsPerHost: 10 };

/** Fills a store by SQL: one scan per tenant and month, which sees all hosts of the tenant. */
export async function fillStore(url: string, size: Volume = volume): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { tenants, months, hosts, portsPerHost } = size;
  await client.query('TRUNCATE scan_jobs, hosts, certificates CASCADE');
  // The rows are valid by construction; checking every reference would take most of the time.
  await client.query('SET session_replication_role = replica; SET synchronous_commit = off');
  await client.query(`
    INSERT INTO tenants SELECT uuid_at(to_timestamp(n)), 'tenant-' || n, now()
    FROM generate_series(1, ${tenants}) n`);
  await client.query(`
    INSERT INTO hosts (id, tenant_id, address, hostname, status, first_seen, last_seen, checked_at)
    SELECT md5(t || '/' || h)::uuid, uuid_at(to_timestamp(t)), '10.0.0.0'::inet + h,
      'host-' || h || '.example.com', 'up', now() - interval '2 years', now(), now()
    FROM generate_series(1, ${tenants}) t, generate_series(1, ${hosts}) h`);
  for (let month = 0; month < months; month++) {
    const at = `date_trunc('month', now()) - interval '${month} months' + interval '10 hours'`;
    await client.query(`SELECT ensure_partitions(uuid_at(${at}))`);
    await client.query(`CREATE TEMP TABLE jobs AS SELECT t,
        overlay(uuid_at(${at})::text placing lpad(to_hex(t), 4, '0') from 33)::uuid AS id,
        uuid_at(to_timestamp(t)) AS tenant_id, ${at} AS at
      FROM generate_series(1, ${tenants}) t;
      INSERT INTO scan_jobs (id, tenant_id, status, scan_type, requested_at, started_at,
        completed_at, host_count, ports_open)
      SELECT id, tenant_id, 'completed', 'network', at, at, at + interval '1 hour', ${hosts},
        ${hosts * portsPerHost} FROM jobs;
      INSERT INTO host_scans (tenant_id, job_id, host_id, state, reason, t)
      SELECT tenant_id, id, md5(t || '/' || h)::uuid, 'up', 'syn-ack', at
      FROM jobs, generate_series(1, ${hosts}) h;
      INSERT INTO port_scans (tenant_id, job_id, host_id, transport, port, state, reason, service,
        first_seen, last_seen)
      SELECT tenant_id, id, md5(t || '/' || h)::uuid, 'tcp',
        (array[22, 80, 443, 25, 53, 110, 143, 3306, 5432, 8080])[p], 'open', 'syn-ack',
        (array['ssh', 'http', 'https', 'smtp', 'domain', 'pop3', 'imap', 'mysql', 'postgresql',
          'http'])[p], at, at
      FROM jobs, generate_series(1, ${hosts}) h, generate_series(1, ${portsPerHost}) p;
      INSERT INTO services (tenant_id, job_id, host_id, transport, port, product, version, last_seen)
      SELECT tenant_id, id, md5(t || '/' || h)::uuid, 'tcp', 22, 'OpenSSH', '9.2', at
      FROM jobs, generate_series(1, ${hosts}) h;
      INSERT INTO http_scans (tenant_id, job_id, host_id, transport, port, scheme, authority, path,
        status, h2, title, tls_server_name, t)
      SELECT tenant_id, id, md5(t || '/' || h)::uuid, 'tcp', 443, 'https', 'host-' || h, '/', 200,
        1, 'Title ' || h, '', at FROM jobs, generate_series(1, ${hosts}) h;
      INSERT INTO tls_scans (tenant_id, job_id, host_id, transport, port, server_name, version,
        certificate, t)
      SELECT tenant_id, id, md5(t || '/' || h)::uuid, 'tcp', 443, '', 'TLSv1.3', md5(h::text), at
      FROM jobs, generate_series(1, ${hosts}) h;
      INSERT INTO scan_errors (tenant_id, job_id, digest, scope, code, message, at)
      SELECT tenant_id, id, decode(md5(h::text), 'hex'), 'port:' || h, 'ECONNRESET', 'reset', at
      FROM jobs, generate_series(1, 20) h;
      DROP TABLE jobs`);
  }
  await client.query(`
    INSERT INTO host_ports SELECT tenant_id, host_id, transport, port, state, reason, service,
      NULL, NULL, 1, 'banner', first_seen, last_seen, last_seen, first_seen, job_id
    FROM port_scans WHERE job_id >= uuid_at(date_trunc('month', now()));
    INSERT INTO certificates SELECT uuid_at(to_timestamp(t)), md5(h::text), 'pem', 'CN=' || h,
      'CN=ca', h::text, now() - interval '1 year', now() + make_interval(days => h), '[]', 'ec',
      256, false, now(), now()
    FROM generate_series(1, ${tenants}) t, generate_series(1, ${hosts}) h`);
  await client.query('VACUUM ANALYZE');
  await client.end();
}

type Ask = (db: StoreDatabase, round: number) => Promise<unknown>;

const address = (round: number): string => `10.0.${(round * 7) % 8}.${(round * 13) % 250}`;

/** The most frequent queries: pages of 100 rows, and single objects. */
export function questions(scan: string, hostIds: readonly string[]): Readonly<Record<string, Ask>> {
  const page = { limit: 100 };
  return {
    'one host': (db, i) => getHost(db, selectHosts([address(i + 1)])!).catch(() => undefined),
    'hosts, a page': async (db, i) =>
      listHosts(db, { hosts: selectHosts([`10.0.${i % 8}.0/24`])! }, page),
    'ports of a host': (db, i) => listPorts(db, { hosts: selectHosts([address(i)])! }, page),
    'who has port 443 open': (db) =>
      listPorts(db, { ports: parsePorts('443'), state: 'open' }, page),
    'who runs mysql': (db) => listPorts(db, { service: 'mysql' }, page),
    'ports of a scan': (db) => listPorts(db, { scan }, page),
    'history of a host': (db, i) => hostHistory(db, hostIds[i % hostIds.length]!, { limit: 20 }),
    'scans, newest first': (db) => listJobs(db, {}, page),
    'web pages': (db) => listWeb(db, {}, page),
    'certificates that expire': (db) => listCertificates(db, {}, page),
    'errors of a scan': (db) => listErrors(db, { scan }, page),
  };
}

/** Times over many rounds, ms. */
interface Times {
  readonly median: number;
  readonly p95: number;
}

export interface QuestionResult {
  readonly question: string;
  /** As the application, and as a role that bypasses row-level security. */
  readonly withSecurity: Times;
  readonly without: Times;
  /** Partitions of facts that are read completely. */
  readonly fullScans: number;
  readonly plan: string;
}

/** Runs every query in turn with and without row-level security. */
export async function askQuestions(url: string, rounds = 60): Promise<QuestionResult[]> {
  const pool = openPool(url, { ...defaultPool, max: 1 });
  const session = { pool, url, location: url };
  const { rows } = await pool.query<{ id: string; scan: string }>(`
    SELECT t.id, (SELECT id FROM scan_jobs j WHERE j.tenant_id = t.id
      ORDER BY requested_at DESC LIMIT 1) AS scan FROM tenants t WHERE name = 'tenant-7'`);
  const { id: tenantId, scan } = rows[0]!;
  const hosts = await pool.query<{ id: string }>(
    'SELECT id FROM hosts WHERE tenant_id = $1 ORDER BY address LIMIT 100',
    [tenantId],
  );
  const secured = postgresDatabase(session, { name: 'portolan_app', tenantId }, tenantId);
  const open = postgresDatabase(session, { name: 'portolan_maintenance' }, tenantId);
  const results: QuestionResult[] = [];
  const ids = hosts.rows.map((row) => row.id);
  for (const [question, ask] of Object.entries(questions(scan, ids))) {
    const times = { secured: [] as number[], open: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      times.secured.push(await timed(() => ask(secured, round)));
      times.open.push(await timed(() => ask(open, round)));
    }
    const plans = await explained(secured, (db) => ask(db, 1));
    results.push({
      question,
      withSecurity: summary(times.secured),
      without: summary(times.open),
      fullScans: (
        plans.match(/Seq Scan on \w+_(scans|services)_\d{4}\S* .*actual rows=[1-9]/g) ?? []
      ).length,
      plan: plans,
    });
  }
  await pool.end();
  return results;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function summary(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(values.length * share)] ?? Number.NaN;
  return { median: at(0.5), p95: at(0.95) };
}

/** The plans of every statement of a query. */
async function explained(
  db: StoreDatabase,
  ask: (db: StoreDatabase) => Promise<unknown>,
): Promise<string> {
  const plans: string[] = [];
  await ask({
    ...db,
    async query(query) {
      const { text } = compileSql(query, (number) => `$${number}`);
      const [parts] = [compileSql(query, () => '\u0000')];
      const pieces = parts.text.split('\u0000');
      const { sql } = await import('../src/store/sql.ts');
      const strings = Object.assign(
        [`EXPLAIN (ANALYZE, COSTS off, TIMING off) ${pieces[0]}`, ...pieces.slice(1)],
        {
          raw: [],
        },
      ) as unknown as TemplateStringsArray;
      const rows = await db.query<{ 'QUERY PLAN': string }>(sql(strings, ...parts.values));
      plans.push(
        `${text.trim().split('\n')[0]}…\n${rows.map((row) => row['QUERY PLAN']).join('\n')}`,
      );
      return db.query(query);
    },
  });
  return plans.join('\n\n');
}
