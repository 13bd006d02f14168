import type { EventBatch } from '../core/event-batch.ts';
import type { JobState } from '../core/job-states.ts';
import type { Coverage } from './scans/coverage.ts';
import type { Sql } from './sql.ts';
import type { Dialect } from './dialect.ts';

/** A message that calls workers. */
export interface QueueMessage {
  readonly scanType: string;
  /** A label that the worker must have. */
  readonly label: string | null;
  readonly priority: number;
  /** Earliest time, epoch ms. */
  readonly runAt?: number | undefined;
}

/** The name of a task. */
export function taskName({ scanType, label }: Pick<QueueMessage, 'scanType' | 'label'>): string {
  return label === null ? scanType : `${scanType}@${label}`;
}

/** The first argument of shared queries: a connection and its dialect. */
export interface StoreDatabase {
  readonly dialect: Dialect;
  /** UUID of the tenant whose data is read and written. */
  readonly tenantId: string;
  /**
   * Runs one statement.
   *
   * @returns rows of a SELECT or of RETURNING
   * @throws AppError BUSY, STORE_FULL, STORE_UNWRITABLE, STORE_CORRUPT
   */
  query<Row extends object>(query: Sql): Promise<Row[]>;
  /**
   * Runs several statements in one transaction. A nested transaction is the same one.
   *
   * @param work receives the connection in the transaction; others do not see its changes yet
   * @throws what `work` throws, after the rollback
   */
  transaction<T>(work: (db: StoreDatabase) => Promise<T>): Promise<T>;
  /** Creates the partitions of the month of this scan id. */
  prepareScan(id: string): Promise<void>;
  /** Calls workers once the transaction is committed. */
  notifyWorkers(message: QueueMessage): Promise<void>;
}

/** The lease that a worker writes under: its name and numbers. */
export interface UnitLease {
  /** The value of `scan_units.worker_id`. */
  readonly workerId: string;
  /** Lease numbers by unit. */
  readonly attempts: ReadonlyMap<number, number>;
}

export interface RecordOptions {
  /**
   * The lease under which a scan's runner writes. It fences the write: the write is rejected if one
   * of the batch's units is no longer under this lease or, for a batch without units, if the runner
   * no longer holds any unit. Imports have none.
   */
  readonly lease?: UnitLease;
  /** A completed unit's coverage; without it nothing is concluded to be closed or down. */
  readonly coverage?: Coverage | undefined;
  readonly signal?: AbortSignal;
}

export interface RecordResult {
  /**
   * `done`: a unit of the batch was already completed; `lost`: this worker no longer holds a unit.
   * In both cases nothing was written.
   */
  readonly status: 'recorded' | 'done' | 'lost';
  /** Port observations in the batch. */
  readonly portCount: number;
  /** Counts of events that no table stores, by type. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** A change to a scan. */
export interface JobEvent {
  /** `lost`: the connection broke, so changes may have been missed; `job` is ''. */
  readonly type: 'created' | 'started' | 'progress' | 'finished' | 'failed' | 'changed' | 'lost';
  /** UUID. */
  readonly job: string;
  readonly status?: JobState;
}

/** How a worker receives calls. */
export interface Queue {
  readonly tasks: readonly string[];
  /** Concurrent calls. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /** Called once the queue can be used. */
  readonly onReady?: () => void;
  /**
   * Looks for work for a tenant and does some of it.
   *
   * @returns whether there was any
   */
  readonly work: (tenantId: string) => Promise<boolean>;
}

/** A store of scans. Jobs and lists are functions over {@link StoreDatabase}, one file per noun. */
export interface Store extends AsyncDisposable {
  readonly database: StoreDatabase;
  /**
   * The same store for administration: every tenant's rows, whatever `tenantId` is. Only for the
   * list of tenants, retention, backups and refreshes, never for a tenant's request.
   */
  readonly maintenance: StoreDatabase;
  /** A file path or a URL without secrets, for messages. */
  readonly location: string;
  /** The path of a SQLite store, which others may read on a separate connection. */
  readonly file?: string;
  /** Whether the store can hold several tenants. */
  readonly isShared: boolean;
  /**
   * A text that differs after any change in the store. It may differ without a change, but is never
   * the same after one.
   */
  stamp(): Promise<string>;
  /**
   * Writes a batch of one job's events in one transaction: facts, inventory, and the row of every
   * unit that the batch completes. Recording a batch again changes nothing.
   *
   * @param jobId UUID of the job
   * @throws AppError NOT_FOUND, BUSY, STORE_FULL, STORE_UNWRITABLE; nothing is written in that
   *   case
   */
  record(jobId: string, batch: EventBatch, options?: RecordOptions): Promise<RecordResult>;
  /** The same store for another tenant; closing it closes nothing. */
  forTenant(tenantId: string): Store;
  /** Watches for changes to the tenant's scans until the signal aborts. */
  jobEvents(signal: AbortSignal): AsyncIterable<JobEvent>;
  /** Tenants with queued scans, for workers, which serve all tenants. */
  tenantsAtWork(): Promise<readonly string[]>;
  /** Tenants with schedules, for schedulers, which serve all tenants. */
  tenantsWithSchedules(): Promise<readonly string[]>;
  /**
   * Receives calls for workers until the signal aborts; resolves when the last call has ended.
   *
   * @throws AppError if the queue cannot be used
   */
  runQueue(queue: Queue): Promise<void>;
  close(): Promise<void>;
}
