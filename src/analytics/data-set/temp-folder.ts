import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemCode } from '../../errors.ts';

/**
 * Calls back with a new folder inside `folder`, hence on the same disk, and removes it afterwards.
 *
 * @throws AppError STORE_UNWRITABLE
 */
export async function withTempFolder<T>(
  folder: string,
  body: (tempFolder: string) => Promise<T>,
): Promise<T> {
  const isNew = !existsSync(folder);
  let tempFolder: string;
  try {
    await mkdir(folder, { recursive: true });
    tempFolder = await mkdtemp(join(folder, '.portolan-'));
  } catch (error) {
    throw new AppError(
      'STORE_UNWRITABLE',
      `${folder} cannot be written (${systemCode(error)}): name another folder with -o`,
      { cause: error },
    );
  }
  let isDone = false;
  try {
    const result = await body(tempFolder);
    isDone = true;
    return result;
  } finally {
    await rm(tempFolder, { recursive: true, force: true });
    if (isNew && !isDone) await rmdir(folder).catch(() => undefined);
  }
}
