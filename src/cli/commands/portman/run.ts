import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { AppError, messageOf, systemCode } from '../../../errors.ts';
import { projectVariable } from '../../../portman/belonging.ts';
import { parsePort } from '../../../portman/port-number.ts';
import { endLease, leasePort, releaseLease, statusOf } from '../../../portman/run.ts';
import { type Io, stopSignal, write } from '../../io.ts';
import { withRegistry } from './registry-command.ts';

interface RunOptions {
  readonly port?: number;
  readonly env: string;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .argument('<name>', 'the project')
    .argument('<command...>', 'the program and its arguments, after --')
    .option(
      '--port <port>',
      'on this port (default: one of the project’s, or a free one)',
      parsePort,
    )
    .option('--env <variable>', 'the variable that gets the port', 'PORT')
    .option('--json', 'print a JSON line about the port to stderr')
    .addHelpText(
      'after',
      '\nExits with the status of the program. A port that was reserved for it is released.\n' +
        '\nExample:\n  portman run shop --port 3000 -- npm start',
    );
}

/** Reserves a port, runs a program with it, and releases it. */
export async function run(
  io: Io,
  [project, words]: [string, string[]],
  options: RunOptions,
): Promise<number> {
  return withRegistry(io, async (registry) => {
    const lease = await leasePort(registry, project, options.port);
    // Frees the port even if the next Ctrl-C ends this process at once.
    const onExit = (): void => releaseLease(registry, lease);
    process.once('exit', onExit);
    try {
      const { port } = lease;
      const note = options.json
        ? JSON.stringify({ project, port })
        : `portman: ${project} on ${port}`;
      await write(io.stderr, `${note}\n`);
      return await follow(io, words, { [options.env]: String(port), [projectVariable]: project });
    } finally {
      process.off('exit', onExit);
      const left = await endLease(registry, lease);
      if (left) await write(io.stderr, outlived(lease.port, left.pids[0]));
    }
  });
}

function outlived(port: number, pid: number | undefined): string {
  return `portman: process ${pid ?? '?'} still listens on ${port}; "portman kill ${port}" stops it\n`;
}

async function follow(
  io: Io,
  [program = '', ...rest]: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const isOwn = io.stdout === process.stdout;
  const child = spawn(program, rest, {
    stdio: isOwn ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...io.env, ...variables },
  });
  child.stdout?.pipe(io.stdout, { end: false });
  child.stderr?.pipe(io.stderr, { end: false });
  const forward = (): void => {
    const name = stopSignal(io.signal);
    // The terminal has sent Ctrl-C to the program already.
    if (name === 'SIGINT' && isOwn && process.stdin.isTTY) return;
    child.kill(name === 'SIGINT' || name === 'SIGHUP' ? name : 'SIGTERM');
  };
  io.signal.addEventListener('abort', forward, { once: true });
  try {
    return await statusOf(child);
  } catch (cause) {
    throw cannotRun(program, cause);
  } finally {
    io.signal.removeEventListener('abort', forward);
  }
}

/** With the status that a shell ends with. */
function cannotRun(program: string, cause: unknown): AppError {
  const [code, reason] =
    refusals[systemCode(cause) ?? ''] ?? (['USAGE', messageOf(cause)] as const);
  return new AppError(code, `cannot run "${program}": ${reason}`, { cause });
}

const refusals: Readonly<
  Record<string, readonly ['COMMAND_NOT_FOUND' | 'COMMAND_NOT_EXECUTABLE', string]>
> = {
  ENOENT: ['COMMAND_NOT_FOUND', 'no such program; check its name and PATH'],
  EACCES: ['COMMAND_NOT_EXECUTABLE', 'it is not executable; check its mode'],
};
