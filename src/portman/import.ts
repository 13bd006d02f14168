import { storeError } from '../database/driver.ts';
import { transaction } from '../database/transaction.ts';
import type { ImportedDocument } from './parse-document.ts';
import { type Registry, signHistory } from './registry.ts';
import { portColumns, readHolders } from './reservation.ts';

/** What an import did, or would do: ports, ascending. */
export interface ImportOutcome {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  /** Reserved here for another project; merging leaves them as they are. */
  readonly kept: readonly { readonly port: number; readonly project: string }[];
  /** Reserved here and not in the file; replacing removes them. */
  readonly removed: readonly number[];
}

/** How to import. */
export interface ImportOptions {
  readonly replace?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

/**
 * Imports an export in one transaction. Merging adds missing reservations and updates those of the
 * same project; replacing leaves only the rows of the file (also of the history and configurations, if
 * it has them).
 *
 * @param options.dryRun rolls back and only returns the outcome
 */
export function importDocument(
  registry: Registry,
  document: ImportedDocument,
  { replace = false, dryRun = false }: ImportOptions = {},
): ImportOutcome {
  let outcome: ImportOutcome | undefined;
  try {
    return transaction(registry.db, () => {
      outcome = write(registry, document, replace);
      if (dryRun) throw new Error('rolls the transaction back');
      return outcome;
    });
  } catch (error) {
    if (dryRun && outcome) return outcome;
    throw storeError(error, registry.path);
  }
}

function write(registry: Registry, document: ImportedDocument, replace: boolean): ImportOutcome {
  const holders = readHolders(registry);
  const kept: { port: number; project: string }[] = [];
  const ports = document.ports.filter(({ number, projectName }) => {
    const project = holders.get(number);
    if (replace || project === undefined || project === projectName) return true;
    kept.push({ port: number, project });
    return false;
  });
  const numbers = new Set(ports.map(({ number }) => number));
  const removed = replace ? [...holders.keys()].filter((number) => !numbers.has(number)) : [];
  signHistory(registry, { command: replace ? 'import --replace' : 'import --merge' }, () => {
    if (replace) registry.db.exec('DELETE FROM ports');
    const insert = registry.db.prepare(upsertSql);
    for (const port of ports) insert.run(port);
  });
  if (replace && document.history) replaceTable(registry, 'port_history', document.history);
  if (replace && document.configurations) {
    replaceTable(registry, 'configurations', document.configurations);
  }
  return {
    added: ascending([...numbers].filter((number) => !holders.has(number))),
    updated: ascending([...numbers].filter((number) => holders.has(number))),
    kept,
    removed: ascending(removed),
  };
}

/** An upsert keeps the row, and thus the process that holds it. */
const upsertSql = `
  INSERT INTO ports (${portColumns.join(', ')})
  VALUES (${portColumns.map((column) => `:${column}`).join(', ')})
  ON CONFLICT (number) DO UPDATE SET
    ${portColumns.map((column) => `${column} = excluded.${column}`).join(', ')}`;

/** The names of columns are safe: the parser admits no others. */
function replaceTable(
  { db }: Registry,
  table: 'port_history' | 'configurations',
  rows: readonly Readonly<Record<string, string | number | null>>[],
): void {
  db.exec(`DELETE FROM ${table}`);
  const [first] = rows;
  if (!first) return;
  const names = Object.keys(first);
  const insert = db.prepare(
    `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((name) => `:${name}`).join(', ')})`,
  );
  for (const row of rows) insert.run(row);
}

function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}
