import type { EventBatch } from '../core/event-batch.ts';
import type { JobState } from '../core/job-states.ts';
import type { Coverage } from './scans/coverage.ts';
import type { Sql } from './sql.ts';
import type { Dialect } from './dialect.ts';

/** What workers are asked to look for. */
export interface QueueMessage {
  readonly scanType: string;
  /** A label that the worker must have. */
  readonly label: string | null;
  readonly priority: number;
  /** Not before, epoch ms. */
  readonly runAt?: number | undefined;
}

/** The name of a kind of work. */
export function taskName({ scanType, label }: Pick<QueueMessage, 'scanType' | 'label'>): string {
  return label === null ? scanType : `${scanType}@${label}`;
}

/** What shared queries take first: a connection and its dialect. */
export interface StoreDatabase {
  readonly dialect: Dialect;
  /** UUID of the tenant for which everything is read and written. */
  readonly tenantId: string;
  /**
   * Runs one statement.
   *
   * @returns its rows: of a SELECT, or of RETURNING
   * @throws AppError BUSY, STORE_FULL, STORE_UNWRITABLE, STORE_CORRUPT
   */
  query<Row extends object>(query: Sql): Promise<Row[]>;
  /**
   * Runs several statements as one: all of them happen or none. A transaction in a transaction is
   * the same one.
   *
   * @param work gets the connection that is in the transaction: others do not see its changes yet
   * @throws what `work` throws, once everything is undone
   */
  transaction<T>(work: (db: StoreDatabase) => Promise<T>): Promise<T>;
  /** Creates what the rows of a scan with this id need: the partitions of its month. */
  prepareScan(id: string): Promise<void>;
  /** Tells workers, once the transaction is committed, that there is work. */
  notifyWorkers(message: QueueMessage): Promise<void>;
}

/** Whose a worker's writes are: the name and numbers of its leases. */
export interface UnitLease {
  /** As `scan_units.worker_id` has it. */
  readonly workerId: string;
  /** The number of the lease by the unit's. */
  readonly attempts: ReadonlyMap<number, number>;
}

export interface RecordOptions {
  /**
   * The lease under which a scan's runner writes. With it the write is fenced: it is refused where
   * one of the batch's units is no longer leased so, or, for a batch without units, where the
   * runner holds no unit any more. Imports have none.
   */
  readonly lease?: UnitLease;
  /** What a completed unit has looked at; without it nothing is concluded to be closed or down. */
  readonly coverage?: Coverage | undefined;
  readonly signal?: AbortSignal;
}

export interface RecordResult {
  /**
   * `done`: a unit of the batch was completed before; `lost`: a unit is no longer this worker's.
   * Nothing of the batch was written then.
   */
  readonly status: 'recorded' | 'done' | 'lost';
  /** Port observations in the batch. */
  readonly portCount: number;
  /** Events that no table takes yet, by type. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** Something that happened to a scan. */
export interface JobEvent {
  /** `lost`: something may have been missed (the connection broke); `job` is '' then. */
  readonly type: 'created' | 'started' | 'progress' | 'finished' | 'failed' | 'changed' | 'lost';
  /** UUID. */
  readonly job: string;
  readonly status?: JobState;
}

/** How a worker is called. */
export interface Queue {
  readonly tasks: readonly string[];
  /** Calls at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  /**
   * Looks for work of a tenant and does some of it.
   *
   * @returns whether there was any
   */
  readonly work: (tenantId: string) => Promise<boolean>;
}

/** A store of scans. Jobs and lists are functions over {@link StoreDatabase}, one file a noun. */
export interface Store extends AsyncDisposable {
  readonly database: StoreDatabase;
  /**
   * The same store for those who keep it: every tenant's rows, whatever `tenantId` says. For the
   * list of tenants, retention, backup and refreshing, and for nothing that a tenant asks.
   */
  readonly maintenance: StoreDatabase;
  /** A file path or a URL without secrets, for messages. */
  readonly location: string;
  /** The SQLite file, where the store is one: others may read it by a connection of their own. */
  readonly file?: string;
  /** Whether the store can hold several tenants. */
  readonly isShared: boolean;
  /**
   * A text that differs after any change in the store. It may differ without a change, but is never
   * the same by mistake: in doubt it is new each time.
   */
  stamp(): Promise<string>;
  /**
   * Writes a batch of one job's events in one transaction: facts, inventory, and the row of every
   * unit that the batch completes. Writing the same batch again changes nothing.
   *
   * @param jobId UUID of the job
   * @throws AppError NOT_FOUND, BUSY, STORE_FULL, STORE_UNWRITABLE; nothing is written then
   */
  record(jobId: string, batch: EventBatch, options?: RecordOptions): Promise<RecordResult>;
  /** The same store for another tenant; closing it closes nothing. */
  forTenant(tenantId: string): Store;
  /** What becomes of the tenant's scans, from now on, until the signal ends it. */
  jobEvents(signal: AbortSignal): AsyncIterable<JobEvent>;
  /** Tenants with queued scans, for workers, which serve all tenants. */
  tenantsAtWork(): Promise<readonly string[]>;
  /** Tenants with schedules, for schedulers, which serve all tenants. */
  tenantsWithSchedules(): Promise<readonly string[]>;
  /** Calls for workers until the signal ends it; resolves when the last call has. */
  runQueue(queue: Queue): Promise<void>;
  close(): Promise<void>;
}
