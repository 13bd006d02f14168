import { sql } from 'kysely';
import type { RunError, ScanBanner, ScanTls, Tls, WebEndpoint } from '../core/events.ts';
import type { StoreDatabase } from './store.ts';
import { fromJson, type Key, type Tables } from './tables.ts';

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
    const page = await db.kysely
      .selectFrom('http_scans')
      .select('port')
      .where('job_id', '=', row.job_id)
      .where('host_id', '=', row.host_id)
      .where('transport', '=', row.transport)
      .where('port', '=', row.port)
      .where('tls_server_name', '=', row.server_name)
      .executeTakeFirst();
    if (page) continue;
    yield { type: 'scan.tls', ...placeOf(id, row), tls: await tlsOf(db, row), t: row.t };
  }
}

async function* errors(db: StoreDatabase, id: string): AsyncGenerator<RunError> {
  let after = -1;
  for (;;) {
    const rows = await db.kysely
      .selectFrom('scan_errors as e')
      .innerJoin('scan_jobs as j', 'j.id', 'e.job_id')
      .select(['e.id', 'e.scope', 'e.code', 'e.message', 'e.at'])
      .where(`j.${db.dialect.uuidColumn}`, '=', id)
      .where('e.id', '>', after)
      .orderBy('e.id')
      .limit(exportBatch)
      .execute();
    for (const { scope, code, message, at } of rows) {
      yield { type: 'run.error', run_id: id, scope, code, message, t: at };
    }
    if (rows.length < exportBatch) return;
    after = rows.at(-1)!.id;
  }
}

type FactTable = 'banner_scans' | 'http_scans' | 'tls_scans';
type Fact<T extends FactTable> = {
  [C in keyof Tables[T]]: Tables[T][C] extends { readonly __select__: infer S } ? S : Tables[T][C];
} & { readonly job_id: Key; readonly host_id: Key; readonly address: string };

/** The rows of a table of facts of one job, in the order of their key, a batch at a time. */
async function* facts<T extends FactTable>(
  db: StoreDatabase,
  id: string,
  table: T,
  key: readonly string[],
): AsyncGenerator<Fact<T>> {
  const columns = ['host_id', 'transport', 'port', ...key];
  const order = sql.join(columns.map((column) => sql.ref(`f.${column}`)));
  let after: unknown[] | undefined;
  for (;;) {
    const beyond = after ? sql`AND (${order}) > (${sql.join(after)})` : sql``;
    const { rows } = await sql<Fact<T>>`
      SELECT f.*, h.address FROM ${sql.table(table)} f
      JOIN hosts h ON h.id = f.host_id JOIN scan_jobs j ON j.id = f.job_id
      WHERE ${sql.ref(`j.${db.dialect.uuidColumn}`)} = ${id} ${beyond}
      ORDER BY ${order} LIMIT ${exportBatch}`.execute(db.kysely);
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

async function handshakeOf(
  db: StoreDatabase,
  place: Pick<Fact<'http_scans'>, 'job_id' | 'host_id' | 'transport' | 'port'>,
  serverName: string,
): Promise<Tls | undefined> {
  const row = await db.kysely
    .selectFrom('tls_scans')
    .selectAll()
    .where('job_id', '=', place.job_id)
    .where('host_id', '=', place.host_id)
    .where('transport', '=', place.transport)
    .where('port', '=', place.port)
    .where('server_name', '=', serverName)
    .executeTakeFirst();
  return row && tlsOf(db, row);
}

type Handshake = Pick<
  Fact<'tls_scans'>,
  'job_id' | 'server_name' | 'version' | 'cipher' | 'alpn' | 'ja3' | 'ja3s' | 'chain'
>;

async function tlsOf(db: StoreDatabase, row: Handshake): Promise<Tls> {
  const { version, cipher, alpn, ja3, ja3s } = row;
  const hashes = fromJson(row.chain) as string[] | null;
  const found = hashes?.length
    ? await db.kysely
        .selectFrom('certificates as c')
        .innerJoin('scan_jobs as j', 'j.tenant_id', 'c.tenant_id')
        .select(['c.sha256', 'c.pem'])
        .where('j.id', '=', row.job_id)
        .where('c.sha256', 'in', hashes)
        .execute()
    : [];
  const pems = new Map(found.map(({ sha256, pem }) => [sha256, pem]));
  const chain = hashes?.flatMap((hash) => pems.get(hash) ?? []);
  const serverName = row.server_name === '' ? null : row.server_name;
  return defined({ version, cipher, alpn, ja3, ja3s, server_name: serverName, chain });
}

type Defined<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** An object without its members that are null: an event leaves out what is not known. */
export function defined<T extends object>(object: T): Defined<T> {
  const known = Object.entries(object).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(known) as Defined<T>;
}
