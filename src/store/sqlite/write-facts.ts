import type { EventBatch } from '../../core/event-batch.ts';
import type { SQLInputValue } from '../../database/driver.ts';
import { rowCollector } from '../facts/collect-rows.ts';
import { type Column, columnName } from '../facts/columns.ts';
import { addressOf, type AnyFact, type FactRow } from '../facts/fact.ts';
import { mergeClause, ownerColumn } from '../facts/merge-facts.ts';
import { sqliteWords } from './merge-syntax.ts';
import type { Statements } from './statements.ts';
import type { HostKeys, JobKey } from './write-hosts.ts';
import { type RowInsert, rowInsert, writeRows } from './write-rows.ts';

/** The owner of a batch's facts. */
interface Target {
  readonly prepare: Statements;
  readonly job: JobKey;
  readonly hosts: HostKeys;
}

interface Plan {
  readonly fact: AnyFact;
  readonly insert: RowInsert;
}

/**
 * Returns a function that records the facts of a batch.
 *
 * @returns for each batch, counts of events that no table stores, by type
 */
export function factWriter(
  facts: readonly AnyFact[],
): (target: Target, events: EventBatch['events']) => Readonly<Record<string, number>> {
  const collect = rowCollector(facts.map((fact) => ({ fact, insert: insertOf(fact) })));
  return (target, events) => {
    const { collected, skipped } = collect(events);
    for (const [plan, rows] of collected) {
      const isReplaced = plan.fact.merge === 'replace-host';
      write(target, plan, isReplaced ? forgetOlder(target, plan.fact, rows) : rows);
    }
    return skipped;
  };
}

function insertOf(fact: AnyFact): RowInsert {
  const { columns, table } = fact;
  const names = Object.keys(columns).map((field) => columnName(columns, field));
  return rowInsert(table, [ownerColumn(fact), ...names], mergeClause(fact, sqliteWords));
}

function write(
  { prepare, job, hosts }: Target,
  { fact, insert }: Plan,
  rows: readonly FactRow[],
): void {
  const fields = Object.entries(fact.columns);
  writeRows(prepare, insert, {
    rows,
    first: fact.owner === 'scan' ? job.id : job.tenantId,
    push(values, row) {
      for (const [field, column] of fields) {
        values.push(field === 'addr' ? hostOf(hosts, row) : stored(column, row[field]));
      }
    },
  });
}

function hostOf(hosts: HostKeys, row: FactRow): number | null {
  const address = addressOf(row);
  return address === undefined ? null : (hosts.get(address) ?? null);
}

function stored({ type }: Column<unknown>, value: unknown): SQLInputValue {
  if (value === undefined || value === null) return null;
  if (type === 'jsonb') return JSON.stringify(value);
  return typeof value === 'boolean' ? Number(value) : (value as SQLInputValue);
}

/**
 * Removes rows of this job's older events about the rows' hosts.
 *
 * @returns the rows of hosts without newer rows
 */
function forgetOlder(
  { prepare, job, hosts }: Target,
  { table }: AnyFact,
  rows: readonly FactRow[],
): FactRow[] {
  const newer = prepare(
    `SELECT 1 FROM ${table} WHERE job_id = ? AND host_id = ? AND t > ? LIMIT 1`,
  );
  const forget = prepare(`DELETE FROM ${table} WHERE job_id = ? AND host_id = ?`);
  const byHost = Map.groupBy(rows, (row) => hostOf(hosts, row));
  return [...byHost].flatMap(([host, theirs]) => {
    if (newer.get(job.id, host, Number(theirs[0]?.['t']))) return [];
    forget.run(job.id, host);
    return theirs;
  });
}
