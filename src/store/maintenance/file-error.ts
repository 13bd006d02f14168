import { AppError, systemCode } from '../../errors.ts';

/**
 * Turns an error writing a file into one that names the file and what to do; passes others through.
 */
export function fileError(error: unknown, path: string): unknown {
  const code = systemCode(error) ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('STORE_FULL', `${path}: the disk is full; the partial file was removed`, {
      cause: error,
    });
  }
  if (!unwritable.has(code)) return error;
  return new AppError(
    'STORE_UNWRITABLE',
    `${path} cannot be written (${code}): name another file`,
    {
      cause: error,
    },
  );
}

const unwritable = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ENOENT']);
