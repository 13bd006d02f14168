import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemCode } from '../../errors.ts';

/**
 * Calls back with a new folder inside of `folder`, on the same disk, and removes it in the end.
 *
 * @throws AppError STORE_UNWRITABLE
 */
export async function withStaging<T>(
  folder: string,
  body: (staging: string) => Promise<T>,
): Promise<T> {
  const isNew = !existsSync(folder);
  let staging: string;
  try {
    await mkdir(folder, { recursive: true });
    staging = await mkdtemp(join(folder, '.portolan-'));
  } catch (error) {
    throw new AppError(
      'STORE_UNWRITABLE',
      `${folder} cannot be written (${systemCode(error)}): name another folder with -o`,
      { cause: error },
    );
  }
  let isDone = false;
  try {
    const result = await body(staging);
    isDone = true;
    return result;
  } finally {
    await rm(staging, { recursive: true, force: true });
    if (isNew && !isDone) await rmdir(folder).catch(() => undefined);
  }
}
