import type { EventBatch } from '../../core/event-batch.ts';
import { rowCollector } from '../facts/collect-rows.ts';
import { columnName } from '../facts/columns.ts';
import { addressOf, type AnyFact, type FactRow } from '../facts/fact.ts';
import { mergeClause } from '../facts/merge-facts.ts';
import { postgresWords } from './merge-syntax.ts';
import { copyRows, createStaging, type StagingTable } from './staging.ts';
import type { HostIds, Writer } from './write-hosts.ts';

/** How rows of a fact reach its table: copied to a staging table, then merged. */
interface Plan {
  readonly fact: AnyFact;
  readonly staging: StagingTable;
  readonly statements: readonly string[];
}

/**
 * Returns a function that records the facts of a batch.
 *
 * @returns for each batch, counts of events that no table stores, by type
 */
export function factWriter(
  facts: readonly AnyFact[],
): (
  writer: Writer,
  events: EventBatch['events'],
  ids: HostIds,
) => Promise<Readonly<Record<string, number>>> {
  const collect = rowCollector(facts.map(planOf));
  return async (writer, events, ids) => {
    const { collected, skipped } = collect(events);
    for (const [{ fact, staging, statements }, rows] of collected) {
      await writer.client.query(createStaging(staging));
      await copyRows(writer.client, staging, stagedRows(fact, rows, ids));
      const scan = fact.owner === 'scan' ? [writer.jobId] : [];
      for (const statement of statements) {
        await writer.client.query(statement, [writer.tenantId, ...scan]);
      }
    }
    return skipped;
  };
}

function* stagedRows(
  { columns }: AnyFact,
  rows: readonly FactRow[],
  ids: HostIds,
): Generator<readonly unknown[]> {
  const fields = Object.keys(columns);
  for (const [nth, row] of rows.entries()) {
    const address = addressOf(row);
    const id = address === undefined ? undefined : ids.get(address);
    yield [...fields.map((field) => (field === 'addr' ? id : row[field])), nth];
  }
}

function planOf(fact: AnyFact): Plan {
  const { columns, table } = fact;
  const types = Object.entries(columns).map(([field, { type }]) => {
    return [columnName(columns, field), type] as const;
  });
  const staging = {
    name: `staged_${table}`,
    // The order of arrival, which breaks ties of time.
    columns: { ...Object.fromEntries(types), nth: 'integer' as const },
  };
  const insert = `${insertOf(fact, staging)} ${mergeClause(fact, postgresWords)}`;
  const forget = fact.merge === 'replace-host' ? [forgetOlder(table, staging.name)] : [];
  return { fact, staging, statements: [...forget, insert] };
}

/**
 * Each key once, in key order, because other units may be recording the same keys. Facts with their
 * own order keep it.
 */
function insertOf(fact: AnyFact, staging: StagingTable): string {
  const { columns, key, merge, owner, table } = fact;
  const names = Object.keys(columns).map((field) => columnName(columns, field));
  const keys = key.map((field) => columnName(columns, field)).join(', ');
  const [owners, values] =
    owner === 'scan' ? ['tenant_id, job_id', '$1::uuid, $2::uuid'] : ['tenant_id', '$1::uuid'];
  const rows = `${values}, ${names.join(', ')} FROM ${staging.name} new`;
  const select =
    merge === 'keep-first'
      ? `SELECT ${rows} ORDER BY nth`
      : `SELECT DISTINCT ON (${keys}) ${rows}
        ${merge === 'replace-host' ? whereNothingNewer(table) : ''}
        ORDER BY ${keys}, ${merge === 'newest' ? `${columnName(columns, 't')} DESC, nth DESC` : 'nth'}`;
  return `INSERT INTO ${table} (${owners}, ${names.join(', ')}) ${select}`;
}

/** Removes rows of this job's older events about the hosts of staged rows. */
function forgetOlder(table: string, staged: string): string {
  return `
    DELETE FROM ${table} old USING (SELECT DISTINCT host_id, t FROM ${staged}) new
    WHERE old.tenant_id = $1::uuid AND old.job_id = $2::uuid AND old.host_id = new.host_id
      AND old.t <= new.t`;
}

function whereNothingNewer(table: string): string {
  return `WHERE NOT EXISTS (SELECT FROM ${table} old
    WHERE old.job_id = $2::uuid AND old.host_id = new.host_id)`;
}
