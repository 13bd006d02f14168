import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, systemCode } from '../../errors.ts';

/** Another scanner's program, and how it is run. */
export interface ProgramRun {
  readonly command: string;
  readonly args: readonly string[];
  /** Lines for its standard input, written as it takes them. */
  readonly lines: Iterable<string>;
  readonly signal: AbortSignal;
  /** The folder that it runs in: some leave a file there where they are interrupted. */
  readonly folder: string;
  /** Where to get it. */
  readonly hint: string;
  /** Told what it says on standard error; false where that means that it will never end of itself. */
  readonly onComplaint?: (complaint: string) => boolean;
  /**
   * When it is interrupted for the second time after an abort, ms, where after the first it waits for
   * late answers.
   */
  readonly insistMs?: number;
  /** How long it may take to end after an abort before it is killed, ms. */
  readonly graceMs: number;
}

/** What of its standard error is kept for a message. */
const keptErrorLength = 4_000;
const linesPerWrite = 2_000;

/**
 * Runs a program and yields what it prints, as it prints it. An abort interrupts it as Ctrl-C does
 * and, where that does not end it, kills it; what it printed before is still yielded. When this
 * returns or throws, the process is gone.
 *
 * @throws AppError UNSUPPORTED where the program is not there; SCANNER_FAILED where it ends in an
 *   error of its own
 */
export async function* runProgram(run: ProgramRun): AsyncGenerator<Buffer> {
  const { command, signal } = run;
  if (signal.aborted) return;
  const { args, folder } = run;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: folder });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  exited.catch(() => undefined);
  const started = await once(child, 'spawn').catch((error: unknown) => error as Error);
  if (started instanceof Error) throw notStarted(run, started);
  // A program that ends before it has read everything says why on its own.
  const fed = pipeline(blocks(run.lines), child.stdin).catch(() => undefined);
  const complaint = tail(child.stderr, (text) => {
    if (run.onComplaint?.(text) === false) child.kill('SIGKILL');
  });
  const timers: NodeJS.Timeout[] = [];
  const stop = (): void => {
    child.kill('SIGINT');
    if (run.insistMs !== undefined)
      timers.push(setTimeout(() => child.kill('SIGINT'), run.insistMs));
    timers.push(setTimeout(() => child.kill('SIGKILL'), run.graceMs));
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const [status, killedBy] = await exited;
    await fed;
    if (!signal.aborted && status !== 0) {
      throw failed(command, killedBy ?? `status ${status}`, await complaint);
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

function notStarted({ command, hint }: ProgramRun, error: Error): AppError {
  const why =
    systemCode(error) === 'ENOENT' ? 'is not installed' : `does not start (${error.message})`;
  return new AppError('UNSUPPORTED', `${command} ${why}: ${hint}`, { cause: error });
}

/** Lines that tell how far it is, or where in its own code it was: they say nothing of the cause. */
const noCause = /^\s|^rate:|^stack traceback:|^QUITTING!/;

function failed(command: string, how: string, complaint: string): AppError {
  const lines = complaint.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const causes = lines.filter((line) => !noCause.test(line));
  const said = causes.slice(-3).join(' ').slice(-500) || lines.at(-1)?.trim() || 'it said nothing';
  return new AppError('SCANNER_FAILED', `${command} ended with ${how}: ${said}`);
}

async function tail(stream: Readable, onText: (text: string) => void): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text = (text + String(chunk)).slice(-keptErrorLength);
    onText(text);
  }
  return text;
}

/** Lines as blocks of text: a write a line would cost more than making it. */
function* blocks(lines: Iterable<string>): Generator<string> {
  let block: string[] = [];
  for (const line of lines) {
    if (block.push(line) < linesPerWrite) continue;
    yield `${block.join('\n')}\n`;
    block = [];
  }
  if (block.length > 0) yield `${block.join('\n')}\n`;
}
