import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, messageOf, systemCode } from '../../errors.ts';

/** Another scanner's program, and how it is run. */
export interface ProgramRun {
  readonly command: string;
  readonly args: readonly string[];
  /** Lines for its standard input, written as it reads them. */
  readonly lines: Iterable<string>;
  readonly signal: AbortSignal;
  /** The folder that it runs in: some leave a file there where they are interrupted. */
  readonly folder: string;
  /** How to install it. */
  readonly hint: string;
  /** Called with the last of its standard error; false where it will never end on its own. */
  readonly onComplaint?: (complaint: string) => boolean;
  /** When it is interrupted again after an abort, ms, where it keeps waiting after the first time. */
  readonly insistMs?: number;
  /** How long it may take to end after an abort before it is killed, ms. */
  readonly graceMs: number;
}

/** How much of its standard error is kept for a message. */
const keptErrorLength = 4_000;
const linesPerWrite = 2_000;

/**
 * Runs a program and yields what it prints, as it prints it. An abort interrupts it as Ctrl-C does
 * and, where that does not end it, kills it; what it printed before is still yielded. When this
 * returns or throws, the process is gone.
 *
 * @throws AppError UNSUPPORTED where the program is not installed; SCANNER_FAILED where it fails
 */
export async function* runProgram(run: ProgramRun): AsyncGenerator<Buffer> {
  const { command, signal, folder } = run;
  if (signal.aborted) return;
  const child = spawn(command, run.args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: folder });
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  await once(child, 'spawn').catch((error: unknown) => {
    throw notStarted(run, error);
  });
  // A program that ends before it has read everything reports the cause itself.
  const fed = pipeline(blocks(run.lines), child.stdin).catch(() => undefined);
  const complaint = tail(child.stderr, (text) => {
    if (run.onComplaint?.(text) === false) child.kill('SIGKILL');
  });
  const timers: NodeJS.Timeout[] = [];
  const killLater = (name: NodeJS.Signals, ms: number): void => {
    timers.push(setTimeout(() => child.kill(name), ms));
  };
  const stop = (): void => {
    child.kill('SIGINT');
    if (run.insistMs !== undefined) killLater('SIGINT', run.insistMs);
    killLater('SIGKILL', run.graceMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    yield* child.stdout;
    await exited;
    await fed;
    const { exitCode, signalCode } = child;
    if (!signal.aborted && exitCode !== 0) {
      throw failed(command, signalCode ?? `status ${exitCode}`, await complaint);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    for (const timer of timers) clearTimeout(timer);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await exited;
    }
  }
}

function notStarted({ command, hint }: ProgramRun, error: unknown): AppError {
  const why =
    systemCode(error) === 'ENOENT' ? 'is not installed' : `does not start (${messageOf(error)})`;
  return new AppError('UNSUPPORTED', `${command} ${why}: ${hint}`, { cause: error });
}

/** Lines that report progress, or where in its own code it was: they do not name the cause. */
const noCause = /^\s|^rate:|^stack traceback:|^QUITTING!/;

function failed(command: string, how: string, complaint: string): AppError {
  const lines = complaint.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const causes = lines.filter((line) => !noCause.test(line));
  const cause = causes.slice(-3).join(' ').slice(-500) || lines.at(-1)?.trim() || 'no message';
  return new AppError('SCANNER_FAILED', `${command} ended with ${how}: ${cause}`);
}

async function tail(stream: Readable, onText: (text: string) => void): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text = (text + String(chunk)).slice(-keptErrorLength);
    onText(text);
  }
  return text;
}

/** Lines as blocks of text: one write per line would cost more than making it. */
function* blocks(lines: Iterable<string>): Generator<string> {
  let block: string[] = [];
  for (const line of lines) {
    if (block.push(line) < linesPerWrite) continue;
    yield `${block.join('\n')}\n`;
    block = [];
  }
  if (block.length > 0) yield `${block.join('\n')}\n`;
}
