import { createHash } from 'node:crypto';
import { banners } from '../facts/banner.ts';
import type { ofPort, Row as RowOf } from '../facts/columns.ts';
import { errors } from '../facts/error.ts';
import { pemsOf } from '../facts/handshake.ts';
import { pagesWithHandshakes } from '../facts/page.ts';
import { exportBatch, rowBatches } from '../facts/read-rows.ts';
import { dataSetHosts } from '../facts/scanned-host.ts';
import { jobKey } from '../filter.ts';
import { getJob } from '../scans/jobs.ts';
import { and, join, type Sql, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import type { PortScanRecord } from '../tables.ts';

/**
 * The rows of the V1 data set as arrays in column order, in batches, scan by scan. Memory holds one
 * batch.
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

/** V1's `hosts`, with the keys of scan and host that ports refer to appended. */
export async function* hostRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    for await (const rows of rowBatches({ db, id }, dataSetHosts)) {
      yield rows.map(({ addr, hostname, asn, org, job_id: job, host_id: host }) => {
        return [`${id}/${addr}`, id, addr, hostname, asn, org, job, host];
      });
    }
  }
}

/** Ports with the keys of scan and host, for stores without a faster way. */
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
  for (const id of ids) {
    for await (const rows of rowBatches({ db, id }, banners)) {
      yield rows.map((row) => {
        const port = portId(id, row);
        return [`${port}/${row.protocol}`, port, row.protocol, row.banner, row.t];
      });
    }
  }
}

export async function* httpRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    for await (const rows of rowBatches({ db, id }, pagesWithHandshakes)) {
      const pems = await pemsOf({ db, id }, rows);
      yield rows.map((row) => {
        const port = portId(id, row);
        const { scheme, authority, path, status, h2, t, favicon_hash: favicon } = row;
        const chain = row.chain?.flatMap((hash) => pems.get(hash) ?? []);
        return [
          `${port}/${scheme}://${authority}${path}`,
          port,
          scheme,
          authority,
          path,
          status,
          h2,
          row.server,
          row.content_type,
          favicon === undefined ? null : `mmh3:0x${(favicon >>> 0).toString(16)}`,
          row.tech_tags && JSON.stringify(row.tech_tags),
          row.ja3,
          row.ja3s,
          chain && JSON.stringify(chain),
          t,
        ];
      });
    }
  }
}

/** An error's id is derived from its content, so it is the same in every store. */
export async function* errorRows(db: StoreDatabase, ids: readonly string[]): RowBatches {
  for (const id of ids) {
    for await (const rows of rowBatches({ db, id }, errors)) {
      yield rows.map(({ scope, code, message, t }) => {
        const said = JSON.stringify([scope, code, message, t]);
        const digest = createHash('sha256').update(said).digest('hex').slice(0, 16);
        return [`${id}/${digest}`, id, scope, code, message, t];
      });
    }
  }
}

/** V1's id of a port. */
export function portId(id: string, { addr, transport, port }: RowOf<typeof ofPort>): string {
  return `${id}/${addr}/${transport}/${port}`;
}

/**
 * Runs a query batch by batch, each time starting after the last row of the previous batch.
 *
 * @param limit maximum rows per batch
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
