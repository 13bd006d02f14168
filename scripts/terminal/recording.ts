import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The width of the recorded terminal, in characters. */
export const columns = 108;

/** A command and what it wrote to its terminal, escape sequences included. */
export interface RecordedCommand {
  readonly command: string;
  readonly output: readonly { readonly atMs: number; readonly text: string }[];
}

/**
 * Runs the commands of the picture in a network namespace.
 *
 * Needs Linux with `unshare` and `script` (util-linux), `ip` (iproute2), and the right to make a
 * namespace. Throws if one is missing or a command fails.
 */
export async function recordCommands(): Promise<readonly RecordedCommand[]> {
  const session = fileURLToPath(new URL('session.ts', import.meta.url));
  const inside = 'ip link set lo up && exec "$0" "$1"';
  const args = ['--map-root-user', '--net', 'sh', '-c', inside, process.execPath, session];
  const { stdout } = await promisify(execFile)('unshare', args);
  const recorded: RecordedCommand[] = JSON.parse(stdout);
  return recorded;
}
