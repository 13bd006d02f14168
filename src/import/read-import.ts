import { createReadStream, type Stats } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ImportChunk } from '../core/event-batch.ts';
import { AppError, type ErrorCode, systemCode } from '../errors.ts';
import { decompress } from './decompress.ts';
import { peek } from './peek.ts';

/** A file, or a stream such as stdin with a name for messages. */
export type ImportSource =
  { readonly path: string } | { readonly stream: AsyncIterable<Uint8Array>; readonly name: string };

/** Up to this size, parsing a file here is faster than starting a thread. */
const threadBytes = 4_000_000;
const sniffBytes = 65_536;
const readBytes = 262_144;

export interface ReadOptions {
  /** The name of an importer; by default detected from the content. */
  readonly format?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a file of any known format into batches. A large file is parsed in a second thread, while
 * this one records.
 *
 * @throws AppError NO_INPUT, INVALID_INPUT (unknown format, no events), UNSUPPORTED, USAGE (no
 *   such format); the signal's reason
 */
export async function* readImport(
  source: ImportSource,
  { format, signal }: ReadOptions = {},
): AsyncGenerator<ImportChunk> {
  signal?.throwIfAborted();
  const isLarge = 'path' in source && (await fileStats(source.path)).size > threadBytes;
  const chunks = isLarge
    ? readInThread({ path: source.path, format }, signal)
    : readHere(source, format);
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

/** Like {@link readImport}, in this thread. */
export async function* readHere(
  source: ImportSource,
  format?: string,
): AsyncGenerator<ImportChunk> {
  let bytes = 0;
  let isCutOff = false;
  const name = 'path' in source ? source.path : source.name;
  const input: AsyncIterable<Uint8Array> =
    'path' in source ? createReadStream(source.path, { highWaterMark: readBytes }) : source.stream;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  const { head, all } = await peek(
    decompress(counted(), name, () => (isCutOff = true)),
    sniffBytes,
  );
  if (head.length === 0 && isCutOff) {
    throw new AppError('INVALID_INPUT', `${name} is truncated before its first event`);
  }
  const modifiedAt =
    'path' in source ? Math.trunc((await fileStats(source.path)).mtimeMs) : Date.now();
  // Where a thread reads the file, this one needs no format.
  const { importerNamed, sniff } = await import('./importers.ts');
  const importer = format === undefined ? sniff(head, name) : importerNamed(format);
  const progress = { bytesRead: () => bytes, isCutOff: () => isCutOff };
  yield* importer.read({ chunks: all, ...progress, modifiedAt, name });
}

/** A message of the thread. */
export type ThreadMessage =
  | { readonly chunk: ImportChunk }
  | { readonly end: true }
  | { readonly error: { readonly code: ErrorCode | undefined; readonly message: string } };

/** The thread's input. */
export interface ThreadTask {
  readonly path: string;
  readonly format: string | undefined;
}

async function* readInThread(
  task: ThreadTask,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImportChunk> {
  const file = import.meta.url.endsWith('.ts') ? './import-thread.ts' : './import-thread.js';
  const thread = new Worker(new URL(file, import.meta.url), {
    workerData: task,
    // Flags of this process, such as --input-type, may not apply to a file.
    execArgv: [],
    // Events live for one batch, so a large nursery would only waste memory.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  try {
    for await (const [message] of on(thread, 'message', { signal, close: ['exit'] })) {
      const posted: ThreadMessage = message;
      if ('end' in posted) return;
      if ('error' in posted) throw threadError(posted.error);
      yield posted.chunk;
      // Messages follow each other closely. Without a turn of the event loop, a signal such as
      // Ctrl-C would not be handled before the end of the file.
      await setImmediate();
      thread.postMessage('taken', []);
    }
    throw new Error(`the thread that read ${task.path} ended early`);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await thread.terminate();
  }
}

function threadError({ code, message }: { code: ErrorCode | undefined; message: string }): Error {
  return code === undefined ? new Error(message) : new AppError(code, message);
}

async function fileStats(path: string): Promise<Stats> {
  try {
    const found = await stat(path);
    await access(path, constants.R_OK);
    if (!found.isDirectory()) return found;
  } catch (error) {
    throw new AppError('NO_INPUT', `${path} cannot be read (${systemCode(error)})`, {
      cause: error,
    });
  }
  throw new AppError('NO_INPUT', `${path} is a folder: name a file`);
}
