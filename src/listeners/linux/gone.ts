import { systemCode } from '../../errors.ts';

const codes = new Set(['ENOENT', 'ESRCH', 'ENOTDIR', 'EACCES', 'EPERM']);

/** Whether a read of `/proc/PID` failed because the process ended, or is another user's. */
export function isGoneOrHidden(error: unknown): boolean {
  return codes.has(systemCode(error) ?? '');
}
