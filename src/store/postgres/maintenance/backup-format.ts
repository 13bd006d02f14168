import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createZstdDecompress } from 'node:zlib';
import { z } from 'zod';
import { notABackup } from '../../maintenance/backup-kind.ts';
import { messageOf } from '../../../errors.ts';

/**
 * A backup is SQL text compressed with zstd, which `psql` can also read: a header comment, COPY
 * statements with their rows, and a comment with row counts per table and a checksum. A file
 * without this last line is incomplete.
 */
export const backupFormat = 'portolan-backup';

const header = z.object({
  format: z.literal(backupFormat),
  version: z.literal(1),
  created_at: z.string(),
  engine: z.string(),
  migrations: z.array(
    z.object({ version: z.number().int(), description: z.string(), checksum: z.string() }),
  ),
  /** First days of the months that have partitions, `2026-11-01`. */
  months: z.array(z.string().regex(/^\d{4}-\d\d-01$/)),
});

const trailer = z.object({
  rows: z.record(z.string(), z.number().int()),
  /** Checksum of all preceding text, hex, because Node.js does not verify zstd checksums. */
  sha256: z.string(),
});

export type BackupHeader = z.infer<typeof header>;
export type BackupTrailer = z.infer<typeof trailer>;

/** A piece of a backup, in file order. */
export type BackupPiece =
  | { readonly kind: 'header'; readonly header: BackupHeader }
  | { readonly kind: 'table'; readonly name: string; readonly columns: readonly string[] }
  /** Whole lines of the table before. */
  | { readonly kind: 'rows'; readonly data: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'trailer'; readonly trailer: BackupTrailer };

const endOfRows = Buffer.from('\\.\n');
const newline = 0x0a;

/** No statement is longer, so a longer line outside rows means that the file is not a backup. */
const longestStatement = 1024 * 1024;

/**
 * Reads a backup piece by piece, holding only part of it in memory.
 *
 * @throws AppError INVALID_INPUT if it is damaged, truncated or not a backup
 */
export async function* readBackup(path: string): AsyncGenerator<BackupPiece> {
  const parser: Parser = { isInRows: false, hasTrailer: false, hash: createHash('sha256') };
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of unpacked(path)) {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = data.lastIndexOf(newline) + 1;
    rest = data.subarray(end);
    if (rest.length > longestStatement && !parser.isInRows)
      throw notABackup(path, 'a line is too long');
    yield* pieces(path, parser, data.subarray(0, end));
  }
  if (!parser.hasTrailer) throw notABackup(path, 'it is truncated: its end is missing');
}

async function* unpacked(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path);
  const stream = createZstdDecompress();
  file.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of file.pipe(stream)) yield chunk as Buffer;
  } catch (error) {
    throw notABackup(path, `it is damaged or truncated (${messageOf(error)})`, error);
  } finally {
    file.destroy();
  }
}

interface Parser {
  readonly hash: Hash;
  isInRows: boolean;
  hasTrailer: boolean;
}

function* pieces(path: string, parser: Parser, lines: Buffer): Generator<BackupPiece> {
  let at = 0;
  while (at < lines.length) {
    if (parser.isInRows) {
      const end = endOf(lines, at);
      const data = lines.subarray(at, end);
      parser.hash.update(data);
      if (data.length > 0) yield { kind: 'rows', data };
      if (end === lines.length) return;
      at = end + endOfRows.length;
      parser.hash.update(endOfRows);
      parser.isInRows = false;
      yield { kind: 'end' };
      continue;
    }
    const next = lines.indexOf(newline, at);
    const piece = statement(path, lines.toString('utf8', at, next));
    if (piece?.kind === 'trailer') assertChecksum(path, parser, piece.trailer);
    else parser.hash.update(lines.subarray(at, next + 1));
    at = next + 1;
    if (piece?.kind === 'table') parser.isInRows = true;
    if (piece) yield piece;
  }
}

function assertChecksum(path: string, parser: Parser, { sha256 }: BackupTrailer): void {
  if (parser.hasTrailer) throw notABackup(path, 'it has two ends');
  parser.hasTrailer = true;
  if (parser.hash.digest('hex') === sha256) return;
  throw notABackup(path, 'it is damaged: its checksum does not match');
}

/** Finds the end of the rows that begin at `at`: a line `\.` or the end of the lines. */
function endOf(lines: Buffer, at: number): number {
  if (lines.subarray(at, at + endOfRows.length).equals(endOfRows)) return at;
  const found = lines.indexOf(`\n${endOfRows.toString()}`, at);
  return found < 0 ? lines.length : found + 1;
}

/** Parses a line; undefined for statements that only psql needs. */
function statement(path: string, line: string): BackupPiece | undefined {
  const [, name, list] = /^COPY ([a-z0-9_.]+) \(([^()]*)\) FROM stdin;$/.exec(line) ?? [];
  if (name !== undefined && list !== undefined) {
    const columns = list.split(', ').map((column) => column.replace(/^"(.*)"$/, '$1'));
    return { kind: 'table', name, columns };
  }
  if (!line.startsWith('-- {')) return undefined;
  try {
    const value: unknown = JSON.parse(line.slice(3));
    const parsed = header.safeParse(value);
    if (parsed.success) return { kind: 'header', header: parsed.data };
    return { kind: 'trailer', trailer: trailer.parse(value) };
  } catch (error) {
    throw notABackup(path, 'its header or its end has an unknown format', error);
  }
}
