import { createHash } from 'node:crypto';
import { jobKey } from '../filter.ts';
import { getJob } from '../scans/jobs.ts';
import { and, join, identifier, type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { exportBatch } from './service-events.ts';
import { type FactTables, fromJson, type Key, type PortScanRecord } from '../tables.ts';

/**
 * The rows of the V1 data set as arrays in the order of its columns. They come
 * in batches, one scan after the other; memory holds one batch.
 */
export type RowBatches = AsyncGenerator<unknown[][]>;

/** @param ids UUIDs of scans */
export async function* runRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    const job = await getJob(db, id);
    const { started_at: began, completed_at: ended, tool_version, git_sha } = job;
    const args = JSON.stringify(job.args);
    yield [[id, began, ended, tool_version, args, git_sha, job.host_count, job.error_count]];
  }
}

interface HostRecord {
  readonly job_id: Key;
  readonly host_id: Key;
  readonly address: string;
  readonly hostname: string | null;
  readonly asn: number | null;
  readonly org: string | null;
}

/** V1's `hosts`, and behind its columns the keys of scan and host that ports refer to. */
export async function* hostRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    const pages = paged<HostRecord>(
      db,
      (after) => sql`
        SELECT s.job_id, s.host_id, h.address, s.hostname, s.asn, s.org
        FROM host_scans s JOIN hosts h ON h.id = s.host_id
        WHERE s.job_id = ${jobKey(db, id)} AND ${and([after && sql`s.host_id > ${after.host_id}`])}
        ORDER BY s.host_id LIMIT ${exportBatch}`,
    );
    for await (const rows of pages) {
      yield rows.map(({ job_id, host_id, address, hostname, asn, org }) => {
        return [`${id}/${address}`, id, address, hostname, asn, org, job_id, host_id];
      });
    }
  }
}

/** Ports with the keys of scan and host: for stores that have no faster way. */
export async function* portRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    const pages = paged<PortScanRecord>(
      db,
      (after) => sql`
        SELECT f.* FROM port_scans f WHERE f.job_id = ${jobKey(db, id)} AND ${and([
          after &&
            sql`(f.host_id, f.transport, f.port) >
              (${join([after.host_id, after.transport, after.port])})`,
        ])}
        ORDER BY f.host_id, f.transport, f.port LIMIT ${exportBatch}`,
    );
    for await (const rows of pages) {
      yield rows.map(({ job_id, host_id, transport, port, state, reason, service, ...row }) => {
        const key = [job_id, host_id, transport, port, state, reason, service];
        return [...key, row.confidence, row.first_seen, row.last_seen];
      });
    }
  }
}

export async function* bannerRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for await (const { id, rows } of factPages(db, ids, 'banner_scans', ['protocol'])) {
    yield rows.map((row) => {
      const port = portId(id, row);
      return [`${port}/${row.protocol}`, port, row.protocol, row.banner, row.t];
    });
  }
}

export async function* httpRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  const key = ['scheme', 'authority', 'path'] as const;
  for await (const { id, rows } of factPages(db, ids, 'http_scans', key)) {
    const chains = await chainsOf(db, id, rows);
    yield rows.map((row) => {
      const port = portId(id, row);
      const { scheme, authority, path, status, h2, t, favicon_hash: favicon } = row;
      const tags = fromJson(row.tech_tags);
      return [
        `${port}/${scheme}://${authority}${path}`,
        port,
        scheme,
        authority,
        path,
        status,
        h2,
        row.server_header,
        row.content_type,
        favicon === null ? null : `mmh3:0x${(favicon >>> 0).toString(16)}`,
        tags === null ? null : JSON.stringify(tags),
        row.ja3,
        row.ja3s,
        chains(row.chain),
        t,
      ];
    });
  }
}

interface ErrorRecord {
  readonly id: number;
  readonly scope: string;
  readonly code: string;
  readonly message: string;
  readonly at: number;
}

/** An error's id is made of what it says, so that it is the same in every store. */
export async function* errorRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    const pages = paged<ErrorRecord>(
      db,
      (after) => sql`
        SELECT id, scope, code, message, at FROM scan_errors
        WHERE job_id = ${jobKey(db, id)} AND ${and([after && sql`id > ${after.id}`])}
        ORDER BY id LIMIT ${exportBatch}`,
    );
    for await (const rows of pages) {
      yield rows.map(({ scope, code, message, at }) => {
        const said = JSON.stringify([scope, code, message, at]);
        const digest = createHash('sha256').update(said).digest('hex').slice(0, 16);
        return [`${id}/${digest}`, id, scope, code, message, at];
      });
    }
  }
}

/** What the facts of a port have in common, with its host's address. */
interface Place {
  readonly address: string;
  readonly transport: string;
  readonly port: number;
}

function portId(id: string, { address, transport, port }: Place): string {
  return `${id}/${address}/${transport}/${port}`;
}

/** Of the handshake that a page came through; null for http. */
interface Handshake {
  readonly ja3: string | null;
  readonly ja3s: string | null;
  readonly chain: unknown;
}

type Fact<T extends keyof FactTables> = FactTables[T] & Place & Handshake;

async function* factPages<T extends 'banner_scans' | 'http_scans'>(
  db: StoreDatabase,
  ids: readonly string[],
  table: T,
  key: readonly string[],
): AsyncGenerator<{ id: string; rows: Fact<T>[] }> {
  const columns = ['host_id', 'transport', 'port', ...key];
  const order = join(columns.map((column) => identifier(`f.${column}`)));
  const isHttp = table === 'http_scans';
  const more = isHttp ? sql`, s.ja3, s.ja3s, s.chain` : sql``;
  const handshake = isHttp ? joinHandshake : sql``;
  for (const id of ids) {
    const pages = paged<Fact<T>>(db, (after) => {
      const last = after as Readonly<Record<string, unknown>> | undefined;
      const beyond = last && sql`(${order}) > (${join(columns.map((column) => last[column]))})`;
      return sql`
        SELECT f.*, h.address${more} FROM ${identifier(table)} f JOIN hosts h ON h.id = f.host_id ${handshake}
        WHERE f.job_id = ${jobKey(db, id)} AND ${and([beyond])}
        ORDER BY ${order} LIMIT ${exportBatch}`;
    });
    for await (const rows of pages) yield { id, rows };
  }
}

const joinHandshake = sql`LEFT JOIN tls_scans s ON s.job_id = f.job_id AND s.host_id = f.host_id
  AND s.transport = f.transport AND s.port = f.port AND s.server_name = f.tls_server_name`;

/** Certificates asked for in one query. */
const certificatesAtATime = 500;

/** Reads the certificates of a batch's chains, each once; gives a chain as a JSON array of PEM. */
async function chainsOf(
  db: StoreDatabase,
  id: string,
  rows: readonly Handshake[],
): Promise<(chain: unknown) => string | null> {
  const wanted = new Set(rows.flatMap(({ chain }) => (fromJson(chain) as string[] | null) ?? []));
  const pems = new Map<string, string>();
  const hashes = [...wanted];
  for (let i = 0; i < hashes.length; i += certificatesAtATime) {
    const found = await db.query<{ sha256: string; pem: string }>(sql`
      SELECT c.sha256, c.pem FROM certificates c JOIN scan_jobs j ON j.tenant_id = c.tenant_id
      WHERE j.id = ${jobKey(db, id)}
        AND c.sha256 IN (${join(hashes.slice(i, i + certificatesAtATime))})`);
    for (const { sha256, pem } of found) pems.set(sha256, pem);
  }
  return (chain) => {
    const list = fromJson(chain) as string[] | null;
    return list === null ? null : JSON.stringify(list.flatMap((hash) => pems.get(hash) ?? []));
  };
}

/**
 * The rows of a query that begins behind the last row it gave, a batch at a time.
 *
 * @param limit rows that the query gives at most
 */
export async function* paged<Row extends object>(
  db: StoreDatabase,
  query: (after: Row | undefined) => Sql,
  limit = exportBatch,
): AsyncGenerator<Row[]> {
  let after: Row | undefined;
  for (;;) {
    const rows = await db.query<Row>(query(after));
    if (rows.length > 0) yield rows;
    if (rows.length < limit) return;
    after = rows.at(-1);
  }
}
