import { storeError } from '../database/driver.ts';
import { transaction } from '../database/transaction.ts';
import type { ImportedDocument, ImportedPort } from './parse-document.ts';
import { lastHistoryId, type Registry } from './registry.ts';

/** What an import did, or would do: ports, ascending. */
export interface ImportOutcome {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  /** Reserved here for another project; merging leaves them as they are. */
  readonly kept: readonly { readonly port: number; readonly project: string }[];
  /** Reserved here and not in the file; replacing removes them. */
  readonly removed: readonly number[];
}

class DryRun extends Error {}

/**
 * Takes an export in, in one transaction. Merging adds what is missing and updates what the same
 * project has; replacing makes the rows those of the file (history and configurations too, where
 * it has them).
 *
 * @param options.dryRun rolls back, so that only the outcome is left
 */
export function importDocument(
  registry: Registry,
  document: ImportedDocument,
  { replace = false, dryRun = false }: { replace?: boolean; dryRun?: boolean } = {},
): ImportOutcome {
  let outcome: ImportOutcome | undefined;
  try {
    transaction(registry.db, () => {
      outcome = replace ? replaceAll(registry, document) : merge(registry, document);
      if (dryRun) throw new DryRun();
    });
  } catch (error) {
    if (!(error instanceof DryRun)) throw storeError(error, registry.path);
  }
  return outcome!;
}

function merge(registry: Registry, { ports }: ImportedDocument): ImportOutcome {
  const added: number[] = [];
  const updated: number[] = [];
  const kept: { port: number; project: string }[] = [];
  noting(registry, 'import --merge', () => {
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
  noting(registry, 'import --replace', () => {
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

/** The upsert keeps the row, and with it the process that holds it. */
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

/** A port that is only remembered as free is nobody's. */
function projectsByPort({ db }: Registry): Map<number, string> {
  const rows = db
    .prepare("SELECT number, projectName FROM ports WHERE status != 'free'")
    .all<{ number: number; projectName: string }>();
  return new Map(rows.map(({ number, projectName }) => [number, projectName]));
}

/** The rows' own column names are those of the table: the parser admits no others. */
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

/** Says in the history rows that the work makes where they come from. */
function noting({ db, user }: Registry, command: string, work: () => void): void {
  const last = lastHistoryId(db);
  work();
  db.prepare('UPDATE port_history SET performedBy = ?, details = ? WHERE id > ?').run(
    user,
    JSON.stringify({ command }),
    last,
  );
}

function ascending(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}
