import { and, identifier, join, type Sql, sql } from '../sql.ts';
import type { NotShown } from '../../core/events.ts';
import type { JobState } from '../../core/job-states.ts';
import type { HostState } from '../../core/states.ts';
import { keyset, numberKey, type Page, type PageRequest, readPage, textKey } from '../keyset.ts';
import type { StoreDatabase } from '../store.ts';
import { fromJson, type Key } from '../tables.ts';

/** A host as one scan saw it; time is epoch ms. */
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

type Raw = Omit<HostScanRow, 'not_shown' | 'open_ports'> & {
  readonly job_id: Key;
  readonly not_shown: unknown;
};

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
  const { dialect } = db;
  const key = dialect.keyOf('hosts', host);
  const id = identifier(`j.${dialect.uuidColumn}`);
  const newestFirst = keyset<Raw>(
    [numberKey(sql`s.t`, ({ t }) => t, dialect.time), textKey(id, ({ scan }) => scan)],
    'descending',
  );
  const { rows, next } = await readPage({ limit: 100, ...page }, newestFirst, (range) =>
    db.query(sql`
    SELECT s.job_id, ${id} AS scan, j.scan_type, j.status AS scan_status, s.state, s.reason, s.suspect,
      s.not_shown, s.t
    FROM host_scans s JOIN scan_jobs j ON j.id = s.job_id
    WHERE ${and([sql`s.host_id = ${key}`, range.after])}
    ${range.order} LIMIT ${range.count}`),
  );
  const open = await openPorts(db, key, rows);
  const history = rows.map(({ job_id: job, not_shown: notShown, ...row }) => ({
    ...row,
    open_ports: open.get(job) ?? [],
    not_shown: (fromJson(notShown) as NotShown[] | null) ?? [],
  }));
  return { rows: history, next };
}

type OpenPort = HostScanRow['open_ports'][number];

/** A host's open ports in each of some scans. */
async function openPorts(
  db: StoreDatabase,
  host: Sql,
  scans: readonly { readonly job_id: Key }[],
): Promise<Map<Key, OpenPort[]>> {
  const ports = new Map<Key, OpenPort[]>();
  if (scans.length === 0) return ports;
  const jobs = join(scans.map(({ job_id: job }) => job));
  const rows = await db.query<OpenPort & { readonly job_id: Key }>(sql`
    SELECT job_id, transport, port, service FROM port_scans
    WHERE host_id = ${host} AND job_id IN (${jobs}) AND state = 'open'
    ORDER BY transport, port`);
  for (const { job_id: job, ...port } of rows) {
    const known = ports.get(job);
    if (known) known.push(port);
    else ports.set(job, [port]);
  }
  return ports;
}
