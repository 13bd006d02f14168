import type { ImportChunk } from '../core/event-batch.ts';

/** Decompressed bytes of a file, and their source. */
export interface ImportInput {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes read from the file, before decompression. */
  readonly bytesRead: () => number;
  /** At the end: whether a compressed file is truncated, possibly between two lines. */
  readonly isCutOff: () => boolean;
  /** When the file was last changed, epoch ms; now for a stream. */
  readonly modifiedAt: number;
  /** For messages. */
  readonly name: string;
}

/**
 * An importable format: bytes in, batches of events out. It streams, keeps what it can of a damaged
 * file (a bad line is a `run.error` with scope `line:N`), and does not depend on the store. To add
 * a format, write an importer and list it in importers.ts.
 */
export interface Importer {
  /** The format's name for users. */
  readonly name: string;
  readonly title: string;
  /** Whether the beginning of a file (up to 64 KiB) looks like this format. */
  readonly sniff: (head: Buffer) => boolean;
  readonly read: (input: ImportInput) => AsyncIterable<ImportChunk>;
}
