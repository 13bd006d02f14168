import { canonicalAddress } from '../../core/address.ts';
import type { ScanEvent } from '../../core/events.ts';
import type { StoreDatabase } from '../store.ts';
import type { Columns, Row } from './columns.ts';

/**
 * What becomes of a row whose key the store has already:
 * - `newest`: the one with the later `t` stays, and of two of the same time the one that came later;
 * - `keep-first`: the one that was there stays;
 * - `replace-host`: the rows of one event replace all that an older event said about its host;
 * - `widen-times`: the row stays, and its `first_seen` and `last_seen` cover both.
 */
type MergeRule = 'newest' | 'keep-first' | 'replace-host' | 'widen-times';

/**
 * A kind of fact: its table, how events become rows of it, and how rows become events again. A new
 * one is a file like this in the list of `facts.ts`, and a migration; writers, exports and retention
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
  /** Whose rows they are: one scan's, or the tenant's whichever scan saw them. */
  readonly owner: 'scan' | 'tenant';
  readonly columns: Columns;
  /** The fields that, with the owner, tell its rows apart. */
  readonly key: readonly string[];
  /** Columns by which its rows are read; those of the key where none are given. */
  readonly order?: readonly string[];
  readonly merge: MergeRule;
  /** Types of the events that its rows come from. */
  readonly events: readonly ScanEvent['type'][];
  rowsOf(event: ScanEvent): readonly FactRow[];
  /** The events of one scan's rows; a fact without them is part of another one's events. */
  eventsOf?(scan: StoredScan): AsyncIterable<ScanEvent>;
}

/** A scan in a store. */
export interface StoredScan {
  readonly db: StoreDatabase;
  /** UUID. */
  readonly id: string;
}

/** A row of any fact. */
export type FactRow = Readonly<Record<string, unknown>>;

/** The canonical address of the host that a row is about. */
export function addressOf(row: FactRow): string | undefined {
  const addr = row['addr'];
  return typeof addr === 'string' ? canonicalAddress(addr) : undefined;
}
