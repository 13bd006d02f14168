import { open } from 'node:fs/promises';
import { AppError, systemCode } from '../../errors.ts';

/** The first bytes of a SQLite file and of a zstd file. */
const sqliteMagic = Buffer.from('SQLite format 3\0', 'latin1');
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/**
 * Detects what kind of store a file may back up, by its first bytes.
 *
 * @throws AppError NO_INPUT if it cannot be read
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
  return new AppError('INVALID_INPUT', `${path} cannot be restored: ${why}`, {
    cause,
  });
}
