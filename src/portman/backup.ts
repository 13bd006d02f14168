import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { openDatabase, storeError } from '../database/driver.ts';
import { AppError, systemCode } from '../errors.ts';
import { createPrivateFile, type Registry } from './registry.ts';

/**
 * Copies the registry as of one moment, even while others write to it, and checks the copy. (A plain
 * copy of the file lacks the contents of its write-ahead log.)
 *
 * @param path a file that does not exist; by default one with the time in its name, beside the
 *   registry
 * @returns the path of the copy, mode 0600
 * @throws AppError STORE_UNWRITABLE, STORE_FULL, STORE_CORRUPT
 */
export async function backUp(registry: Registry, path?: string): Promise<string> {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const target = resolve(path ?? join(dirname(registry.path), `backup-${stamp}.db`));
  await makeEmpty(target);
  try {
    registry.db.prepare('VACUUM INTO ?').run(target);
    assertSound(target);
  } catch (error) {
    await rm(target, { force: true });
    throw storeError(error, target);
  }
  return target;
}

async function makeEmpty(target: string): Promise<void> {
  try {
    await createPrivateFile(target);
  } catch (cause) {
    const reason =
      systemCode(cause) === 'EEXIST'
        ? 'already exists: a backup does not overwrite'
        : `cannot be written (${systemCode(cause)})`;
    throw new AppError('STORE_UNWRITABLE', `${target} ${reason}; name another file`, { cause });
  }
}

function assertSound(path: string): void {
  using db = openDatabase(path, { readOnly: true });
  // Only the first row: reading on in a damaged file may itself fail.
  const check = db.prepare('PRAGMA integrity_check').get<{ integrity_check: string }>();
  const result = check?.integrity_check;
  if (result !== 'ok') throw new AppError('STORE_CORRUPT', `${path}: ${String(result)}`);
}
