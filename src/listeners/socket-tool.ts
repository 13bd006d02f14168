import { execFile } from 'node:child_process';
import { AppError, messageOf } from '../errors.ts';

/**
 * The output of the system's tool that lists sockets.
 *
 * @param emptyStatus the exit status of a tool that found nothing, where that is an error to it
 * @throws AppError UNSUPPORTED where the tool is missing or fails
 */
export function runSocketTool(
  program: string,
  args: readonly string[],
  { signal, emptyStatus = 0 }: { readonly signal: AbortSignal; readonly emptyStatus?: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { signal, windowsHide: true, maxBuffer: 64 * 1024 * 1024 };
    execFile(program, args, options, (cause, stdout) => {
      if (!cause || cause.code === emptyStatus) return resolve(stdout);
      const message = `cannot list listeners with ${program}: ${messageOf(cause)}`;
      reject(signal.aborted ? cause : new AppError('UNSUPPORTED', message, { cause }));
    });
  });
}
