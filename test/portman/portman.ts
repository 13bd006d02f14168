import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Io } from '../../src/cli/io.ts';
import { main } from '../../src/cli/main.ts';
import { portman as program } from '../../src/cli/commands/portman/commands.ts';
import type { Outcome } from '../cli.ts';

/** The file that starts the program. */
export const bin = join(import.meta.dirname, '../../bin/portman.js');

/** Runs one command of portman in this process, on a registry of its own. */
export async function portman(
  path: string,
  argv: readonly string[],
  settings: { stdin?: string; signal?: AbortSignal; columns?: number } = {},
): Promise<Outcome> {
  const { stdin, signal, columns } = settings;
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const [stdout, stderr] = [Object.assign(new PassThrough(), terminal), new PassThrough()];
  const io: Io = {
    stdin: Readable.from(stdin === undefined ? [] : [stdin]),
    stdout,
    stderr,
    env: { ...process.env, PORTKEEPER_DB_PATH: path },
    signal: signal ?? new AbortController().signal,
  };
  const printed = Promise.all([text(stdout), text(stderr)]);
  const status = await main(argv, io, program);
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { status, stdout: out, stderr: err };
}

/** Runs portman as a process of its own. */
export async function portmanProcess(path: string, argv: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [bin, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORTKEEPER_DB_PATH: path },
  });
  const status = new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? -1));
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}
