/** A longer line is not an event: the longest banner or chain is far shorter. */
export const maxLineBytes = 1_048_576;

/** A line: its text, or undefined if it is too long. The last may lack its line feed. */
export interface Line {
  readonly text: string | undefined;
  readonly isUnended: boolean;
  /** Number of file lines that it was joined from, if more than one. */
  readonly lineCount?: number;
}

const lineFeed = 0x0a;

/**
 * Splits bytes into lines of at most {@link maxLineBytes}. Memory holds one chunk and one line.
 * Invalid UTF-8 becomes U+FFFD. Yields the lines of each chunk together, because one turn of the
 * event loop per line would cost more than reading it.
 */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  // Bytes since the last line feed; undefined while the rest of a line that is too long is skipped.
  let carry: Buffer | undefined = Buffer.alloc(0);
  let isFirst = true;
  for await (const bytes of chunks) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = chunk.lastIndexOf(lineFeed);
    if (end < 0) {
      carry = lengthen(carry, chunk);
      continue;
    }
    const first = chunk.indexOf(lineFeed);
    const head: Buffer | undefined = lengthen(carry, chunk.subarray(0, first));
    const found = [toLine(head?.toString())];
    if (end > first) {
      for (const text of chunk.toString('utf8', first + 1, end).split('\n'))
        found.push(toLine(text));
    }
    carry = lengthen(Buffer.alloc(0), chunk.subarray(end + 1));
    if (isFirst) found[0] = toLine(found[0]?.text?.replace(/^\uFEFF/, ''));
    isFirst = false;
    yield found;
  }
  if (carry === undefined) yield [{ text: undefined, isUnended: true }];
  else if (carry.length > 0) yield [{ text: carry.toString(), isUnended: true }];
}

function toLine(text: string | undefined): Line {
  const isTooLong = text === undefined || text.length > maxLineBytes;
  return { text: isTooLong ? undefined : text, isUnended: false };
}

function lengthen(carry: Buffer | undefined, more: Buffer): Buffer | undefined {
  if (carry === undefined || carry.length + more.length > maxLineBytes) return undefined;
  return carry.length === 0 ? Buffer.from(more) : Buffer.concat([carry, more]);
}
