import { open } from 'node:fs/promises';
import { AppError, systemCode } from '../../errors.ts';

/** The first bytes of a SQLite file, and of what zstd packs. */
const sqliteMagic = Buffer.from('SQLite format 3\0', 'latin1');
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * What kind of store a file may be a backup of, by its first bytes.
 *
 * @throws AppError NO_INPUT where it cannot be read
 */
export async function backupKind(path: string): Promise<'sqlite' | 'postgres' | undefined> {
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    const head = buffer.subarray(0, bytesRead);
    if (head.equals(sqliteMagic)) return 'sqlite';
    return head.subarray(0, 4).equals(zstdMagic) ? 'postgres' : undefined;
  } catch (error) {
    throw new AppError('NO_INPUT', `${path} cannot be read (${systemCode(error)})`, {
      cause: error,
    });
  }
}

export function notABackup(path: string, why: string, cause?: unknown): AppError {
  return new AppError('INVALID_INPUT', `${path} is no backup that can be restored: ${why}`, {
    cause,
  });
}
