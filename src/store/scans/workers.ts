import { tenantKey } from '../filter.ts';
import { join, identifier, sql } from '../sql.ts';
import type { StoreDatabase } from '../store.ts';
import { textsFromJson } from '../tables.ts';
import { isAlive, type Worker } from './process-identity.ts';

/** How long a worker may be silent before it counts as lost, ms. */
const silentMs = 30_000;

/** The settings of a worker process. */
export interface WorkerSettings {
  readonly concurrency: number;
  readonly scanTypes: readonly string[];
  readonly labels: readonly string[];
}

/** A worker, present or recent; times are epoch ms. */
export interface WorkerRow extends WorkerSettings {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly started_at: number;
  readonly heartbeat_at: number;
  /** `stopping`: it is releasing its units; `lost`: it has been silent for too long. */
  readonly status: 'idle' | 'working' | 'stopping' | 'lost';
  /** Its leases: the scan's UUID, how many units, and since when. */
  readonly work: readonly {
    readonly scan: string;
    readonly units: number;
    readonly since: number;
  }[];
}

/** Registers a worker. */
export async function registerWorker(
  db: StoreDatabase,
  worker: Worker,
  settings: WorkerSettings,
): Promise<void> {
  const { fromNow } = db.dialect;
  const values = {
    tenant_id: tenantKey(db),
    id: worker.id,
    host: worker.host,
    pid: worker.pid,
    process_started: worker.started,
    concurrency: settings.concurrency,
    scan_types: JSON.stringify(settings.scanTypes),
    labels: JSON.stringify(settings.labels),
    started_at: fromNow(0),
    heartbeat_at: fromNow(0),
  };
  await db.query(sql`
    INSERT INTO workers (${join(Object.keys(values).map(identifier))})
    VALUES (${join(Object.values(values))})
    ON CONFLICT (tenant_id, id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at`);
}

/** Records that a worker is alive, and whether it is stopping. */
export async function heartbeatWorker(
  db: StoreDatabase,
  { id }: Worker,
  isStopping: boolean,
): Promise<void> {
  await db.query(sql`
    UPDATE workers SET heartbeat_at = ${db.dialect.fromNow(0)}, is_stopping = ${isStopping}
    WHERE id = ${id} AND tenant_id = ${tenantKey(db)}`);
}

/** Removes a worker, and those that were lost a day ago. */
export async function removeWorker(db: StoreDatabase, { id }: Worker): Promise<void> {
  await db.query(sql`
    DELETE FROM workers WHERE tenant_id = ${tenantKey(db)}
      AND (id = ${id} OR heartbeat_at < ${db.dialect.fromNow(-86_400_000)})`);
}

interface WorkerRecord {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly process_started: string;
  readonly concurrency: number;
  readonly scan_types: unknown;
  readonly labels: unknown;
  readonly is_stopping: number | boolean;
  readonly started_at: number;
  readonly heartbeat_at: number;
  readonly is_lost: number | boolean;
}

/** Workers in start order; at most 1,000. */
export async function listWorkers(db: StoreDatabase): Promise<WorkerRow[]> {
  const rows = await db.query<WorkerRecord>(sql`
    SELECT w.*, w.heartbeat_at < ${db.dialect.fromNow(-silentMs)} AS is_lost FROM workers w
    WHERE w.tenant_id = ${tenantKey(db)} ORDER BY w.started_at, w.id LIMIT 1000`);
  const work = await workUnderWay(db);
  return rows.map((row) => {
    const own = work
      .filter(({ worker }) => worker === row.id)
      .map(({ worker: _worker, ...rest }) => rest);
    const { host, pid, process_started: started } = row;
    // A killed worker on this machine is detected at once.
    const status =
      row.is_lost || isAlive({ host, pid, started }) === false
        ? 'lost'
        : row.is_stopping
          ? 'stopping'
          : own.length > 0
            ? 'working'
            : 'idle';
    return {
      id: row.id,
      host: row.host.split(' ')[0]!,
      pid: row.pid,
      concurrency: row.concurrency,
      scanTypes: textsFromJson(row.scan_types),
      labels: textsFromJson(row.labels),
      started_at: row.started_at,
      heartbeat_at: row.heartbeat_at,
      status,
      work: own,
    };
  });
}

/** A lease is named by its worker's id, a slash and a number. */
async function workUnderWay(
  db: StoreDatabase,
): Promise<(WorkerRow['work'][number] & { readonly worker: string })[]> {
  const rows = await db.query<{ scan: string; lease: string; units: number; since: number }>(sql`
    SELECT ${identifier(`j.${db.dialect.uuidColumn}`)} AS scan, u.worker_id AS lease,
      count(*) AS units, min(u.started_at) AS since
    FROM scan_jobs j JOIN scan_units u ON u.job_id = j.id AND u.status <> 'completed'
        AND u.status = 'leased'
    WHERE j.tenant_id = ${tenantKey(db)} AND j.is_detached = ${db.dialect.true}
      AND j.status IN ('pending', 'running')
    GROUP BY ${identifier(`j.${db.dialect.uuidColumn}`)}, u.worker_id ORDER BY since`);
  return rows.map(({ lease, ...row }) => ({
    ...row,
    worker: lease.slice(0, lease.lastIndexOf('/')),
  }));
}
