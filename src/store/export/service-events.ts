import { defined } from '../../core/defined.ts';
import type { RunError, ScanBanner, ScanTls, Tls, WebEndpoint } from '../../core/events.ts';
import { jobKey } from '../filter.ts';
import { and, join, identifier, type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { type FactTables, fromJson } from '../tables.ts';

/** Rows read at a time: what an export holds in memory. */
export const exportBatch = 5_000;

/** What the ports of a scan said, and what went wrong: its banners, pages, handshakes, errors. */
export async function* storedFindings(
  db: StoreDatabase,
  id: string,
): AsyncGenerator<ScanBanner | WebEndpoint | ScanTls | RunError> {
  for await (const row of facts(db, id, 'banner_scans', ['protocol'])) {
    const { protocol, banner, t } = row;
    yield { type: 'scan.banner', ...placeOf(id, row), protocol, banner, t };
  }
  yield* endpoints(db, id);
  yield* handshakes(db, id);
  yield* errors(db, id);
}

async function* endpoints(db: StoreDatabase, id: string): AsyncGenerator<WebEndpoint> {
  for await (const row of facts(db, id, 'http_scans', ['scheme', 'authority', 'path'])) {
    const { scheme, authority, path, status, h2, t } = row;
    const tls =
      row.tls_server_name === null ? undefined : await handshakeOf(db, row, row.tls_server_name);
    yield {
      type: 'web.endpoint',
      ...placeOf(id, row),
      scheme,
      authority,
      path,
      status,
      h2: h2 === 0 ? 0 : 1,
      ...defined({
        server_header: row.server_header,
        content_type: row.content_type,
        content_length: row.content_length,
        title: row.title,
        location: row.location,
        favicon_hash: row.favicon_hash,
        favicon_md5: row.favicon_md5,
        tech_tags: fromJson(row.tech_tags) as string[] | null,
        tls,
      }),
      t,
    };
  }
}

/** Handshakes of ports without a page that came through them; the others stand in their pages. */
async function* handshakes(db: StoreDatabase, id: string): AsyncGenerator<ScanTls> {
  for await (const row of facts(db, id, 'tls_scans', ['server_name'])) {
    const pages = await db.query(sql`
      SELECT port FROM http_scans
      WHERE ${samePort(row)} AND tls_server_name = ${row.server_name} LIMIT 1`);
    if (pages.length > 0) continue;
    yield { type: 'scan.tls', ...placeOf(id, row), tls: await tlsOf(db, row), t: row.t };
  }
}

async function* errors(db: StoreDatabase, id: string): AsyncGenerator<RunError> {
  let after = -1;
  for (;;) {
    const rows = await db.query<ErrorRecord>(sql`
      SELECT id, scope, code, message, at FROM scan_errors
      WHERE job_id = ${jobKey(db, id)} AND id > ${after} ORDER BY id LIMIT ${exportBatch}`);
    for (const { scope, code, message, at } of rows) {
      yield { type: 'run.error', run_id: id, scope, code, message, t: at };
    }
    if (rows.length < exportBatch) return;
    after = rows.at(-1)!.id;
  }
}

interface ErrorRecord {
  readonly id: number;
  readonly scope: string;
  readonly code: string;
  readonly message: string;
  readonly at: number;
}

type Fact<T extends keyof FactTables> = FactTables[T] & { readonly address: string };

/** The rows of a table of facts of one job, in the order of their key, a batch at a time. */
async function* facts<T extends keyof FactTables>(
  db: StoreDatabase,
  id: string,
  table: T,
  key: readonly string[],
): AsyncGenerator<Fact<T>> {
  const columns = ['host_id', 'transport', 'port', ...key];
  const order = join(columns.map((column) => identifier(`f.${column}`)));
  let after: unknown[] | undefined;
  for (;;) {
    const rows = await db.query<Fact<T>>(sql`
      SELECT f.*, h.address FROM ${identifier(table)} f JOIN hosts h ON h.id = f.host_id
      WHERE f.job_id = ${jobKey(db, id)}
        AND ${and([after && sql`(${order}) > (${join(after)})`])}
      ORDER BY ${order} LIMIT ${exportBatch}`);
    yield* rows;
    const last = rows.at(-1) as Record<string, unknown> | undefined;
    if (!last || rows.length < exportBatch) return;
    after = columns.map((column) => last[column]);
  }
}

function placeOf(
  id: string,
  { address, transport, port }: { address: string; transport: 'tcp' | 'udp'; port: number },
): { run_id: string; addr: string; transport: 'tcp' | 'udp'; port: number } {
  return { run_id: id, addr: address, transport, port };
}

type Place = Pick<Fact<'http_scans'>, 'job_id' | 'host_id' | 'transport' | 'port'>;

function samePort({ job_id: job, host_id: host, transport, port }: Place): Sql {
  return sql`job_id = ${job} AND host_id = ${host} AND transport = ${transport} AND port = ${port}`;
}

async function handshakeOf(
  db: StoreDatabase,
  place: Place,
  serverName: string,
): Promise<Tls | undefined> {
  const [row] = await db.query<FactTables['tls_scans']>(sql`
    SELECT * FROM tls_scans WHERE ${samePort(place)} AND server_name = ${serverName}`);
  return row && tlsOf(db, row);
}

type Handshake = Pick<
  FactTables['tls_scans'],
  'job_id' | 'server_name' | 'version' | 'cipher' | 'alpn' | 'ja3' | 'ja3s' | 'chain'
>;

async function tlsOf(db: StoreDatabase, row: Handshake): Promise<Tls> {
  const { version, cipher, alpn, ja3, ja3s } = row;
  const hashes = fromJson(row.chain) as string[] | null;
  const found = hashes?.length
    ? await db.query<{ sha256: string; pem: string }>(sql`
        SELECT c.sha256, c.pem FROM certificates c JOIN scan_jobs j ON j.tenant_id = c.tenant_id
        WHERE j.id = ${row.job_id} AND c.sha256 IN (${join(hashes)})`)
    : [];
  const pems = new Map(found.map(({ sha256, pem }) => [sha256, pem]));
  const chain = hashes?.flatMap((hash) => pems.get(hash) ?? []);
  const serverName = row.server_name === '' ? null : row.server_name;
  return defined({ version, cipher, alpn, ja3, ja3s, server_name: serverName, chain });
}
