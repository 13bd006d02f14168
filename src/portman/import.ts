import { storeError } from '../database/driver.ts';
import { transaction } from '../database/transaction.ts';
import type { ImportedDocument, ImportedPort } from './parse-document.ts';
import { type Registry, signHistory } from './registry.ts';

/** What an import did, or would do: ports, ascending. */
export interface ImportOutcome {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  /** Reserved here for another project; merging leaves them as they are. */
  readonly kept: readonly { readonly port: number; readonly project: string }[];
  /** Reserved here and not in the file; replacing removes them. */
  readonly removed: readonly number[];
}

/** Rolls the transaction back. */
class DryRun extends Error {
  readonly outcome: ImportOutcome;

  constructor(outcome: ImportOutcome) {
    super('dry run');
    this.outcome = outcome;
  }
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
  { replace = false, dryRun = false }: { replace?: boolean; dryRun?: boolean } = {},
): ImportOutcome {
  try {
    return transaction(registry.db, () => {
      const outcome = replace ? replaceAll(registry, document) : merge(registry, document);
      if (dryRun) throw new DryRun(outcome);
      return outcome;
    });
  } catch (error) {
    if (error instanceof DryRun) return error.outcome;
    throw storeError(error, registry.path);
  }
}

function merge(registry: Registry, { ports }: ImportedDocument): ImportOutcome {
  const added: number[] = [];
  const updated: number[] = [];
  const kept: { port: number; project: string }[] = [];
  signHistory(registry, { command: 'import --merge' }, () => {
    const holders = projectsByPort(registry);
    for (const port of ports) {
      const holder = holders.get(port.number);
      if (holder !== undefined && holder !== port.projectName) {
        kept.push({ port: port.number, project: holder });
        continue;
      }
      write(registry, port);
      (holder === undefined ? added : updated).push(port.number);
    }
  });
  return { added: ascending(added), updated: ascending(updated), kept, removed: [] };
}

function replaceAll(registry: Registry, document: ImportedDocument): ImportOutcome {
  const { db } = registry;
  const before = projectsByPort(registry);
  const numbers = document.ports.map(({ number }) => number);
  const wanted = new Set(numbers);
  const removed = [...before.keys()].filter((number) => !wanted.has(number));
  signHistory(registry, { command: 'import --replace' }, () => {
    db.exec('DELETE FROM ports');
    for (const port of document.ports) write(registry, port);
  });
  if (document.history) replaceTable(registry, 'port_history', document.history);
  if (document.configurations) {
    replaceTable(registry, 'configurations', document.configurations);
  }
  return {
    added: ascending(numbers.filter((number) => !before.has(number))),
    updated: ascending(numbers.filter((number) => before.has(number))),
    kept: [],
    removed: ascending(removed),
  };
}

/** An upsert keeps the row, and thus the process that holds it. */
function write({ db }: Registry, port: ImportedPort): void {
  db.prepare(
    `INSERT INTO ports (number, projectName, description, status, pid, processName, reservedAt,
       lastSeenAt, updatedAt, autoRelease, tags, metadata)
     VALUES (:number, :projectName, :description, :status, :pid, :processName, :reservedAt,
       :lastSeenAt, :updatedAt, :autoRelease, :tags, :metadata)
     ON CONFLICT (number) DO UPDATE SET projectName = excluded.projectName,
       description = excluded.description, status = excluded.status, pid = excluded.pid,
       processName = excluded.processName, reservedAt = excluded.reservedAt,
       lastSeenAt = excluded.lastSeenAt, updatedAt = excluded.updatedAt,
       autoRelease = excluded.autoRelease, tags = excluded.tags, metadata = excluded.metadata`,
  ).run({
    ...port,
    description: port.description ?? null,
    pid: port.pid ?? null,
    processName: port.processName ?? null,
    lastSeenAt: port.lastSeenAt ?? null,
    autoRelease: port.autoRelease ?? null,
    tags: port.tags ? JSON.stringify(port.tags) : null,
    metadata: port.metadata ? JSON.stringify(port.metadata) : null,
  });
}

/** The holders of ports; a row with the status `free` has none. */
function projectsByPort({ db }: Registry): Map<number, string> {
  const rows = db
    .prepare("SELECT number, projectName FROM ports WHERE status != 'free'")
    .all<{ number: number; projectName: string }>();
  return new Map(rows.map(({ number, projectName }) => [number, projectName]));
}

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
  return [...numbers].sort((a, b) => a - b);
}
