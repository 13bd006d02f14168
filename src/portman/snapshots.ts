import { AppError } from '../errors.ts';
import { digestOf, documentVersion, exportRegistry } from './export.ts';
import { importDocument, type ImportOptions, type ImportOutcome } from './import.ts';
import type { Configuration } from './parse-document.ts';
import { change, type Registry } from './registry.ts';
import { settingsName } from './settings.ts';

/** A saved configuration, without its data. */
type Snapshot = Omit<Configuration, 'data'>;

/**
 * Saves the reservations under a name. Older ones of that name are kept; the newest counts.
 *
 * @throws AppError USAGE
 */
export async function saveSnapshot(
  registry: Registry,
  name: string,
  description?: string,
): Promise<void> {
  if (name === settingsName || name.trim() === '' || name.length > 200) {
    throw new AppError('USAGE', `"${name}" cannot name a saved configuration: choose another`);
  }
  const data = await exportRegistry(registry);
  change(registry, {}, () => {
    registry.db
      .prepare(
        `INSERT INTO configurations (name, description, data, version, createdBy, checksum)
         VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(name, description ?? null, data, documentVersion, registry.user, digestOf(data));
  });
}

/**
 * Imports the newest saved configuration of a name.
 *
 * @throws AppError NOT_FOUND, INVALID_INPUT (it was changed)
 */
export async function loadSnapshot(
  registry: Registry,
  name: string,
  options: ImportOptions = {},
): Promise<ImportOutcome> {
  const row = registry.db
    .prepare('SELECT data FROM configurations WHERE name = ? ORDER BY id DESC LIMIT 1')
    .get<{ data: string }>(name);
  if (!row || name === settingsName) {
    throw new AppError(
      'NOT_FOUND',
      `no configuration "${name}" is saved: "portman config list" lists the saved ones`,
    );
  }
  const { parseDocument } = await import('./parse-document.ts');
  return importDocument(registry, await parseDocument(row.data), options);
}

/** Saved configurations, newest first. */
export function listSnapshots({ db }: Registry): Snapshot[] {
  return db
    .prepare(
      `SELECT id, name, description, version, createdAt, createdBy, checksum
       FROM configurations WHERE name != ? ORDER BY id DESC`,
    )
    .all<Snapshot>(settingsName);
}
