import { Readable } from 'node:stream';
import { readImport } from '../../src/import/read-import.ts';
import { tenantKey } from '../../src/store/filter.ts';
import { recordImport } from '../../src/record/import-recorder.ts';
import { identifier, sql } from '../../src/store/sql.ts';
import type { Store } from '../../src/store/store.ts';
import { selfSigned } from './self-signed.ts';
import type { ScanEvent } from '../../src/core/events.ts';
import { openDatabase } from '../../src/database/driver.ts';
import type { Row, TestStore } from './stores.ts';

/**
 * A scan of one host with a row for every table of facts.
 *
 * @param runId is part of every text, so that nothing of one scan passes for another's
 * @param at epoch ms
 */
export function wholeScan(runId: string, at: number, address = '192.0.2.10'): object[] {
  const { leaf, issuer } = selfSigned();
  const run = { run_id: runId };
  const place = { ...run, addr: address, transport: 'tcp', port: 443 };
  return [
    {
      ...run,
      type: 'run.start',
      t: at,
      tool_version: '1.2.3',
      args: ['scan', 'a\tb\\n', 'ü\u0001', runId],
      scan_type: 'network',
      config: { targets: [address], ports: '22,443', seed: runId, note: 'line\nand "quote"' },
      coverage: { targets: [address], ports: '22,443' },
    },
    {
      ...run,
      type: 'scan.host',
      addr: address,
      state: 'up',
      reason: 'syn-ack',
      hostname: `${runId}.example.com`,
      mac: '00:00:5E:00:53:01',
      not_shown: [{ transport: 'tcp', state: 'closed', reason: 'conn-refused', count: 1 }],
      asn: 64500,
      t: at,
    },
    {
      ...place,
      type: 'scan.port',
      state: 'open',
      reason: 'syn-ack',
      service: {
        name: 'https',
        product: `nginx ${runId}`,
        version: '1.25',
        confidence: 0.9,
        method: 'http',
      },
      t_first: at,
      t_last: at + 1,
    },
    { ...place, type: 'scan.port', port: 22, state: 'open', t_first: at, t_last: at },
    {
      ...place,
      type: 'scan.banner',
      port: 22,
      protocol: 'ssh',
      banner: `SSH-2.0-${runId}\\.\r\n\t\\N\u007f é`,
      t: at,
    },
    {
      ...place,
      type: 'web.endpoint',
      scheme: 'https',
      authority: `${runId}.example.com`,
      path: '/\\',
      status: 200,
      h2: 1,
      server_header: 'nginx',
      content_type: 'text/html',
      title: `Page of ${runId}`,
      favicon_hash: 'mmh3:0xff1a2b3c',
      tech_tags: ['nginx', runId],
      tls: { version: 'TLSv1.3', ja3: runId, ja3s: 'b', server_name: runId, chain: [leaf, issuer] },
      t: at,
    },
    {
      ...place,
      type: 'scan.finding',
      source: 'nuclei',
      rule: `weak-tls-${runId}`,
      name: `Weak TLS of ${runId}`,
      severity: 'low',
      matched_at: `${runId}.example.com:443`,
      cve: ['CVE-2020-1'],
      cvss: 4.3,
      extracted: ['{"a":1}'],
      t: at,
    },
    {
      ...place,
      type: 'scan.script',
      script: 's',
      output: `o\n${runId}`,
      data: { b: 1, a: [runId] },
      t: at,
    },
    {
      ...run,
      type: 'scan.os',
      addr: address,
      matches: [{ name: `Linux ${runId}`, accuracy: 0.9 }],
      t: at,
    },
    {
      ...run,
      type: 'scan.trace',
      addr: address,
      hops: [{ ttl: 1, addr: address, rtt_ms: 0.5 }],
      t: at,
    },
    {
      ...run,
      type: 'run.error',
      scope: `port:${address}:tcp:80`,
      code: 'E',
      message: `m\tn ${runId}`,
      t: at,
    },
    {
      ...run,
      type: 'run.unit',
      unit: 0,
      first: 0,
      last: 0,
      status: 'completed',
      t_start: at,
      t_end: at + 2,
      counts: { probes_sent: 3 },
    },
    {
      ...run,
      type: 'run.finish',
      t: at + 3,
      status: 'completed',
      host_count: 1,
      error_count: 1,
      counts: { own: 3 },
    },
  ];
}

/** Events as JSON Lines. */
export function jsonLines(events: Iterable<object>): string {
  return Array.from(events, (event) => `${JSON.stringify(event)}\n`).join('');
}

/** Imports events. */
export async function importEvents(store: Store, events: Iterable<object>): Promise<void> {
  const stream = Readable.from([Buffer.from(jsonLines(events))]);
  await recordImport(store, readImport({ stream, name: 'test' }));
}

/** Rows in the tables of what people set up. */
export async function define(store: Store): Promise<void> {
  const { maintenance: db } = store;
  const tenant = tenantKey(db);
  const id = (last: number): string => `0192f3a0-0000-7000-8000-00000000000${last}`;
  const t = db.dialect.time(1_760_000_000_123);
  const uuid = identifier(`hosts.${db.dialect.uuidColumn}`);
  await db.transaction(async (tx) => {
    await tx.query(sql`INSERT INTO settings (name, value) VALUES ('a', 'b')`);
    await tx.query(sql`
      INSERT INTO scan_targets (id, tenant_id, name, network, targets, enabled, created_at, updated_at)
      VALUES (${id(1)}, ${tenant}, 'lab', '192.0.2.0/24', '["192.0.2.0/24"]', ${false}, ${t}, ${t})`);
    await tx.query(
      db.dialect.uuidColumn === 'uuid'
        ? sql`INSERT INTO scan_target_ports VALUES (${id(1)}, 'tcp', 1, 1000)`
        : sql`INSERT INTO scan_target_ports VALUES (${tenant}, ${id(1)}, 'tcp', 1, 1000)`,
    );
    await tx.query(sql`
      INSERT INTO exclusions (id, tenant_id, target_id, excluded, created_at)
      VALUES (${id(2)}, ${tenant}, ${id(1)}, '192.0.2.1', ${t})`);
    await tx.query(sql`
      INSERT INTO scan_profiles (tenant_id, name, config, created_at, updated_at)
      VALUES (${tenant}, 'fast', '{"rate":1.5,"on":true}', ${t}, ${t})`);
    const columns = db.dialect.uuidColumn === 'uuid' ? sql`` : sql`tenant_id, `;
    const values = db.dialect.uuidColumn === 'uuid' ? sql`` : sql`${tenant}, `;
    await tx.query(sql`
      INSERT INTO host_history (${columns}id, host_id, field, old_value, new_value, changed_at, changed_by)
      SELECT ${values}${id(3)}, id, 'hostname', NULL, 'b', ${t}, 'someone' FROM hosts
      ORDER BY ${uuid} LIMIT 1`);
  });
}

/** Tables that are the same after a copy. The log of changes has another row then. */
const copiedTables = [
  'tenants',
  'settings',
  'scan_jobs',
  'scan_units',
  'scan_errors',
  'hosts',
  'host_ports',
  'host_scans',
  'port_scans',
  'services',
  'banner_scans',
  'tls_scans',
  'http_scans',
  'findings',
  'script_results',
  'os_matches',
  'trace_hops',
  'certificates',
  'scan_targets',
  'scan_target_ports',
  'exclusions',
  'scan_profiles',
  'host_history',
];

/**
 * Everything of a store, table by table: keys as the UUIDs they stand for, and no column that only
 * one kind of store has.
 *
 * @param rows runs a query
 * @param uuid the column that holds the UUIDs of scans and hosts
 */
export async function contentsOf(
  rows: (query: string) => Promise<Row[]>,
  uuid: 'id' | 'uuid',
): Promise<Record<string, string[]>> {
  const names = async (table: string): Promise<Map<unknown, unknown>> =>
    new Map(
      (await rows(`SELECT id, ${uuid} AS name FROM ${table}`)).map((r) => [r['id'], r['name']]),
    );
  const [jobs, hosts] = [await names('scan_jobs'), await names('hosts')];
  const keys = new Map([
    ['job_id', jobs],
    ['last_job_id', jobs],
    ['host_id', hosts],
  ]);
  const all: Record<string, string[]> = {};
  for (const table of copiedTables) {
    const found = await rows(`SELECT * FROM ${table}`);
    all[table] = found.map((row) => canonical(row, keys)).toSorted();
  }
  return all;
}

const ofOneKind = new Set(['uuid', 'tenant_id', 'address_key', 'id']);

function canonical(row: Row, keys: ReadonlyMap<string, ReadonlyMap<unknown, unknown>>): string {
  const own = row['uuid'] ?? row['id'];
  const members = Object.entries(row)
    .filter(([column]) => !ofOneKind.has(column))
    .map(([column, value]) => {
      const known = keys.get(column);
      if (!known || value === null) return [column, plain(value)];
      return [column, known.get(value) ?? 'a scan that was removed'];
    });
  const identity = typeof own === 'string' ? [['id', own]] : [];
  return JSON.stringify(Object.fromEntries([...identity, ...members].toSorted(byName)));
}

function byName([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}

/** JSON with sorted members; bytes of a driver that gives them as text without its mark. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^\\x(?=[0-9a-f]{16}$)/, '');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, plain(v)]),
  );
}

/** A unit of one host with so many open ports. */
export function unitEvents(unit: number, ports = 20): ScanEvent[] {
  const run_id = 'r';
  const addr = `10.${unit >> 16}.${(unit >> 8) & 255}.${unit & 255}`;
  const t = Date.now();
  const found = Array.from({ length: ports }, (_, port): ScanEvent => {
    const seen = { t_first: t, t_last: t };
    return { type: 'scan.port', run_id, addr, transport: 'tcp', port, state: 'open', ...seen };
  });
  const range = { unit, first: unit, last: unit, t_start: t, t_end: t };
  return [...found, { type: 'run.unit', run_id, ...range, status: 'completed', counts: {} }];
}

/** Runs a statement as somebody who goes past Portolan. */
export async function changeRow({ store, db, rows }: TestStore, statement: string): Promise<void> {
  if (store.file === undefined) {
    await rows(statement);
    return;
  }
  const file = openDatabase(db);
  try {
    file.exec('PRAGMA foreign_keys = OFF');
    file.exec(statement);
  } finally {
    file.close();
  }
}
