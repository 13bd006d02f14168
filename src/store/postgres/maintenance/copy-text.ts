import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { TransferRow, TransferValue } from '../../maintenance/transfer.ts';
import { withoutNul } from '../binary-copy.ts';
import { drained } from '../staging.ts';

/**
 * Copies rows into a table in COPY's text format, because columns may have any type here.
 *
 * @param target a table with the list of its columns
 * @param layout.types of the values, in column order
 * @param layout.ending text after every row's values, in COPY's format
 */
export async function copyText(
  client: pg.ClientBase,
  target: string,
  { types, ending }: { types: readonly string[]; ending: string },
  batches: AsyncIterable<readonly TransferRow[]>,
): Promise<void> {
  const stream: Writable = client.query(copyFrom(`COPY ${target} FROM STDIN`));
  const done = finished(stream);
  // Awaited at the end, even if the stream fails earlier.
  done.catch(() => undefined);
  try {
    for await (const batch of batches) {
      const text = batch
        .map((row) => `${row.map((value, i) => field(value, types[i])).join('\t')}${ending}\n`)
        .join('');
      if (stream.destroyed) break;
      if (!stream.write(text)) await drained(stream);
    }
  } catch (error) {
    stream.destroy(error instanceof Error ? error : undefined);
    await done.catch(() => undefined);
    throw error;
  }
  if (!stream.destroyed) stream.end();
  await done;
}

function field(value: TransferValue, type: string | undefined): string {
  if (value === null) return '\\N';
  if (typeof value === 'number') {
    return type === 'timestamp with time zone' ? new Date(value).toISOString() : String(value);
  }
  if (typeof value !== 'string') return `\\\\x${Buffer.from(value).toString('hex')}`;
  return escaped(type === 'jsonb' || type === 'json' ? withoutNulEscape(value) : withoutNul(value));
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escaped(text: string): string {
  return /[\\\n\r\t]/.test(text)
    ? text.replaceAll(/[\\\n\r\t]/g, (one) => escapes[one] ?? one)
    : text;
}

/** An escaped NUL in JSON becomes the same character as in text. */
function withoutNulEscape(json: string): string {
  if (!json.includes(String.raw`\u0000`)) return json;
  return json.replaceAll(
    /(?<!\\)((?:\\\\)*)\\u0000/g,
    (_, before: string) => `${before}${String.raw`\\x00`}`,
  );
}
