import type { ImportChunk } from '../core/event-batch.ts';

/** Decompressed bytes of a file, and where they come from. */
export interface ImportInput {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes read of the file itself, compressed or not. */
  readonly bytesRead: () => number;
  /** At the end: whether a compressed file breaks off, though perhaps between two lines. */
  readonly isCutOff: () => boolean;
  /** When the file was last changed, epoch ms; now for a stream. */
  readonly modifiedAt: number;
  /** For messages. */
  readonly name: string;
}

/**
 * A format that can be imported: bytes in, batches of events out. It streams, keeps what it can of
 * a broken file (a bad line is a `run.error` with scope `line:N`), and knows no store. A new format
 * is a file with its importer and a line in importers.ts.
 */
export interface Importer {
  /** The word that users type for the format. */
  readonly name: string;
  readonly title: string;
  /** Whether the beginning of a file (up to 64 KiB) looks like this format. */
  readonly sniff: (head: Buffer) => boolean;
  readonly read: (input: ImportInput) => AsyncIterable<ImportChunk>;
}
