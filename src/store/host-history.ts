import { name, sql } from './sql.ts';
import type { NotShown } from '../core/events.ts';
import type { JobState } from '../core/job-states.ts';
import type { HostState } from '../core/states.ts';
import { jobKey } from './filter.ts';
import {
  decodeCursor,
  encodeCursor,
  type Page,
  type PageRequest,
  pageLimit,
  toPage,
} from './page.ts';
import type { StoreDatabase } from './store.ts';
import { fromJson } from './tables.ts';

/** A host as one scan saw it; time epoch ms. */
export interface HostScanRow {
  readonly scan: string;
  readonly scan_type: string;
  readonly scan_status: JobState;
  readonly state: HostState;
  readonly reason: string | null;
  readonly suspect: string | null;
  /** `22/tcp ssh`, … in order. */
  readonly open_ports: readonly { transport: string; port: number; service: string | null }[];
  readonly not_shown: readonly NotShown[];
  readonly t: number;
}

type Raw = Omit<HostScanRow, 'not_shown' | 'open_ports'> & { readonly not_shown: unknown };

/**
 * Every scan that saw a host, newest first.
 *
 * @param host its UUID
 */
export async function hostHistory(
  db: StoreDatabase,
  host: string,
  page: PageRequest = {},
): Promise<Page<HostScanRow>> {
  const limit = pageLimit(page.limit ?? 100);
  const { dialect } = db;
  const key = sql`(SELECT id FROM hosts WHERE ${name(dialect.uuidColumn)} = ${host})`;
  const id = name(`j.${dialect.uuidColumn}`);
  const after =
    page.after === undefined ? undefined : decodeCursor(page.after, ['number', 'string']);
  const rows = await db.query<Raw>(sql`
    SELECT ${id} AS scan, j.scan_type, j.status AS scan_status, s.state, s.reason, s.suspect,
      s.not_shown, s.t
    FROM host_scans s JOIN scan_jobs j ON j.id = s.job_id
    WHERE s.host_id = ${key}
      AND ${after ? sql`(s.t, ${id}) < (${dialect.time(after[0])}, ${after[1]})` : sql`1 = 1`}
    ORDER BY s.t DESC, ${id} DESC
    LIMIT ${limit + 1}`);
  const { rows: kept, next } = toPage(rows, limit, ({ t, scan }) => encodeCursor([t, scan]));
  const history: HostScanRow[] = [];
  for (const row of kept) {
    const ports = await db.query<HostScanRow['open_ports'][number]>(sql`
      SELECT transport, port, service FROM port_scans
      WHERE job_id = ${jobKey(db, row.scan)} AND host_id = ${key} AND state = 'open'
      ORDER BY transport, port`);
    const notShown = fromJson(row.not_shown) as NotShown[] | null;
    history.push({ ...row, open_ports: ports, not_shown: notShown ?? [] });
  }
  return { rows: history, next };
}
