import type { Readable, Writable } from 'node:stream';
import type { ImportSource } from '../import/read-import.ts';

/** What a command talks to. The process's own streams in `bin.ts`, a test's elsewhere. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Data. */
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** What is for people: progress, hints, errors. */
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by a signal such as SIGINT; the message of the reason is its name. */
  readonly signal: AbortSignal;
}

/** The status of a command that was stopped, as shells have it: 130 after Ctrl-C. */
export function stoppedStatus(signal: AbortSignal): number {
  return { SIGTERM: 143, SIGHUP: 129 }[stopSignal(signal)] ?? 130;
}

/** The name of the signal that stopped the command: `SIGINT`, … */
export function stopSignal({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : '';
}

/** The status of a command that could read only part of its input: EX_DATAERR of sysexits.h. */
export const partlyRead = 65;

/** What a file on the command line names: `-` is stdin. */
export function sourceOf({ stdin }: Io, file: string): ImportSource {
  return file === '-' ? { stream: stdin, name: 'standard input' } : { path: file };
}

/**
 * Writes text and waits while the reader is behind, so that output of any length stays out of
 * memory.
 */
export async function write(stream: Writable, text: string): Promise<void> {
  if (text === '' || stream.write(text)) return;
  if (stream.destroyed || stream.errored) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    stream.on('drain', done).on('close', done).on('error', done);
  });
}
