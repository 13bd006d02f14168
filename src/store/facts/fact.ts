import { canonicalAddress } from '../../core/address.ts';
import type { ScanEvent } from '../../core/events.ts';
import type { StoreDatabase } from '../store.ts';
import type { Columns, Row } from './columns.ts';

/**
 * How a row is merged if the store already has its key:
 * - `newest`: the row with the later `t` wins; on a tie, the one written later;
 * - `keep-first`: the existing row stays;
 * - `replace-host`: an event's rows replace all rows of older events about the same host;
 * - `widen-times`: the row stays; its `first_seen` and `last_seen` widen to cover both.
 */
type MergeRule = 'newest' | 'keep-first' | 'replace-host' | 'widen-times';

/**
 * A kind of fact: its table, how events become rows, and how rows become events again. To add one,
 * write a file like this, list it in `facts.ts` and add a migration. Writers, exports and retention
 * follow the list.
 *
 * @example
 * export const phases: Fact<RunPhase, typeof columns> = {
 *   table: 'run_phases',
 *   owner: 'scan',
 *   columns,
 *   key: ['phase', 'order'],
 *   merge: 'newest',
 *   events: ['run.phase'],
 *   rowsOf: (event) => [{ ...event, t: event.t_end }],
 *   eventsOf: (scan) =>
 *     eventPerRow(scan, phases, ({ t, ...row }) => {
 *       return { type: 'run.phase', run_id: scan.id, ...row, t_end: t };
 *     }),
 * };
 */
export interface Fact<E extends ScanEvent, C extends Columns> extends AnyFact {
  readonly columns: C;
  readonly key: readonly (keyof C & string)[];
  readonly events: readonly E['type'][];
  rowsOf(event: E): readonly Row<C>[];
}

/** A fact as writers and exports see it. */
export interface AnyFact {
  readonly table: string;
  /** Whether each scan has its own rows, or all scans of a tenant share them. */
  readonly owner: 'scan' | 'tenant';
  readonly columns: Columns;
  /** The fields that, together with the owner, identify a row. */
  readonly key: readonly string[];
  /** Columns that rows are read by; by default the key's. */
  readonly order?: readonly string[];
  readonly merge: MergeRule;
  /** What a scan's `counts` call the number of its rows; not counted by default. */
  readonly count?: string;
  /** Rows it may refer to that no foreign key holds. */
  readonly references?: readonly Reference[];
  /** Types of the events that produce its rows. */
  readonly events: readonly ScanEvent['type'][];
  rowsOf(event: ScanEvent): readonly FactRow[];
  /** The events of one scan's rows; undefined if they are part of another fact's events. */
  eventsOf?(scan: StoredScan): AsyncIterable<ScanEvent>;
}

/** A row that another one refers to without a foreign key, so that it may be missing. */
export interface Reference {
  /** What the rows without it are. */
  readonly message: string;
  /** The condition of such a row, called `x`, in either dialect. */
  readonly isMissing: string;
}

/** The scan's row of the port that a row is about. */
export const scannedPort: Reference = {
  message: 'rows about ports that are missing from the scan',
  isMissing: `NOT EXISTS (
    SELECT 1 FROM port_scans p WHERE p.job_id = x.job_id AND p.host_id = x.host_id
      AND p.transport = x.transport AND p.port = x.port)`,
};

/** A scan in a store. */
export interface StoredScan {
  readonly db: StoreDatabase;
  /** UUID. */
  readonly id: string;
}

/** A row of any fact. */
export type FactRow = Readonly<Record<string, unknown>>;

/** The host's canonical address. */
export function addressOf(row: FactRow): string | undefined {
  const addr = row['addr'];
  return typeof addr === 'string' ? canonicalAddress(addr) : undefined;
}
