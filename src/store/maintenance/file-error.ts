import { AppError, systemCode } from '../../errors.ts';

/** An error of a file that is written, as one that says which and what to do; any other as it is. */
export function fileError(error: unknown, path: string): unknown {
  const code = systemCode(error) ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('STORE_FULL', `${path}: the disk is full; nothing is left of it`, {
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
