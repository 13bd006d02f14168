import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Io } from '../src/cli/io.ts';
import { main } from '../src/cli/main.ts';
import * as program from '../src/cli/program.ts';

/** What a command printed and how it ended. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Settings {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Width of the terminal that stdout and stderr pretend to be; none by default. */
  readonly columns?: number;
}

/** Runs one command in this process, with streams of its own. */
export async function portolan(argv: readonly string[], settings: Settings = {}): Promise<Outcome> {
  const { columns } = settings;
  const output = (): PassThrough & { isTTY?: boolean; columns?: number } =>
    Object.assign(new PassThrough(), columns === undefined ? {} : { isTTY: true, columns });
  const [stdout, stderr] = [output(), output()];
  const io: Io = {
    stdin: Readable.from(settings.stdin === undefined ? [] : [Buffer.from(settings.stdin)]),
    stdout,
    stderr,
    env: settings.env ?? {},
    signal: settings.signal ?? new AbortController().signal,
  };
  const printed = Promise.all([text(stdout), text(stderr)]);
  const status = await main(argv, io, program.portolan);
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { status, stdout: out, stderr: err };
}
