import type { ScanEvent } from '../../core/events.ts';
import { addressOf, type AnyFact, type FactRow } from './fact.ts';

/** The fact rows of a batch of events. */
export interface CollectedRows<Plan> {
  /** In the order of the plans, without empty ones. */
  readonly collected: readonly (readonly [plan: Plan, rows: readonly FactRow[]])[];
  /** Counts of events that no table stores, by type. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** Events about the job's row, units and hosts, which are written elsewhere. */
const writtenElsewhere = new Set<ScanEvent['type']>([
  'run.start',
  'run.finish',
  'run.unit',
  'scan.host',
]);

/**
 * Returns a function that turns a batch's events into rows.
 *
 * @param plans facts, each with its writer's data
 */
export function rowCollector<Plan extends { readonly fact: AnyFact }>(
  plans: readonly Plan[],
): (events: readonly ScanEvent[]) => CollectedRows<Plan> {
  return (events) => {
    const tables = plans.map((plan) => ({ plan, rows: newRows(plan.fact) }));
    const byType = new Map<ScanEvent['type'], typeof tables>();
    for (const table of tables) {
      for (const type of table.plan.fact.events) {
        byType.set(type, [...(byType.get(type) ?? []), table]);
      }
    }
    const skipped: Record<string, number> = {};
    for (const event of events) {
      const takers = byType.get(event.type);
      for (const { plan, rows } of takers ?? []) rows.add(plan.fact.rowsOf(event));
      if (takers || writtenElsewhere.has(event.type)) continue;
      skipped[event.type] = (skipped[event.type] ?? 0) + 1;
    }
    const collected = tables.map(({ plan, rows }) => [plan, rows.all()] as const);
    return { collected: collected.filter(([, { length }]) => length > 0), skipped };
  };
}

/** Collects the rows of one fact in a batch. */
interface BatchRows {
  /** @param rows the rows of one event */
  add(rows: readonly FactRow[]): void;
  all(): FactRow[];
}

function newRows({ key, merge }: AnyFact): BatchRows {
  if (merge === 'replace-host') return newestOfHosts();
  return merge === 'widen-times' ? widestTimes(key) : everyRow();
}

function everyRow(): BatchRows {
  const all: FactRow[] = [];
  return { add: (rows) => all.push(...rows), all: () => all };
}

/** Keeps the rows of each host's newest event. */
function newestOfHosts(): BatchRows {
  const newest = new Map<string | undefined, readonly FactRow[]>();
  return {
    add(rows) {
      const [row] = rows;
      if (!row) return;
      const address = addressOf(row);
      const known = newest.get(address)?.[0];
      if (!known || numberOf(row, 't') >= numberOf(known, 't')) newest.set(address, rows);
    },
    all: () => [...newest.values()].flat(),
  };
}

/** Keeps one row per key, with the earliest and latest times. */
function widestTimes(key: readonly string[]): BatchRows {
  const widest = new Map<string, FactRow>();
  return {
    add(rows) {
      for (const row of rows) {
        const id = JSON.stringify(key.map((field) => row[field]));
        const known = widest.get(id) ?? row;
        const first_seen = Math.min(numberOf(row, 'first_seen'), numberOf(known, 'first_seen'));
        const last_seen = Math.max(numberOf(row, 'last_seen'), numberOf(known, 'last_seen'));
        widest.set(id, { ...row, first_seen, last_seen });
      }
    },
    all: () => [...widest.values()],
  };
}

function numberOf(row: FactRow, field: 'first_seen' | 'last_seen' | 't'): number {
  return Number(row[field]);
}
