import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { BinaryCopy, inetBytes, uuidBytes } from './binary-copy.ts';

/** Encodes a column's value. */
const encoders = {
  uuid: (copy: BinaryCopy, value: string) => copy.bytes(uuidBytes(value)),
  text: (copy: BinaryCopy, value: string) => copy.text(value),
  inet: (copy: BinaryCopy, value: string) => copy.bytes(inetBytes(value)),
  jsonb: (copy: BinaryCopy, value: unknown) => copy.json(value),
  bytea: (copy: BinaryCopy, value: Uint8Array) => copy.bytes(value),
  smallint: (copy: BinaryCopy, value: number) => copy.int2(value),
  integer: (copy: BinaryCopy, value: number) => copy.int4(value),
  bigint: (copy: BinaryCopy, value: number) => copy.int8(value),
  'double precision': (copy: BinaryCopy, value: number) => copy.float8(value),
  boolean: (copy: BinaryCopy, value: boolean) => copy.bool(value),
  /** Epoch ms. */
  timestamptz: (copy: BinaryCopy, value: number) => copy.time(value),
};

type ColumnType = keyof typeof encoders;

/** A connection's temporary table, into which rows are copied before they are merged. */
export interface StagingTable {
  readonly name: string;
  /** Types by column name, in order. */
  readonly columns: Readonly<Record<string, ColumnType>>;
}

/** The statement that creates it. It is emptied after each transaction. */
export function createStaging({ name, columns }: StagingTable): string {
  const list = Object.entries(columns).map(([column, type]) => `${column} ${type}`);
  return `CREATE TEMP TABLE IF NOT EXISTS ${name} (${list.join(', ')}) ON COMMIT DELETE ROWS`;
}

/**
 * Copies rows into a table.
 *
 * @param rows values in column order; null and undefined are NULL
 */
export async function copyRows(
  client: pg.ClientBase,
  { name, columns }: StagingTable,
  rows: Iterable<readonly unknown[]>,
): Promise<void> {
  const types = Object.values(columns).map(
    (type) => encoders[type] as (copy: BinaryCopy, value: unknown) => void,
  );
  const copy = new BinaryCopy();
  await copyInto(client, `${name} (${Object.keys(columns).join(', ')})`, copy, function* () {
    for (const row of rows) {
      copy.row(types.length);
      for (const [index, encode] of types.entries()) {
        const value = row[index];
        if (value === null || value === undefined) copy.null();
        else encode(copy, value);
      }
      if (copy.isFull) yield;
    }
  });
}

/**
 * Copies what `write` encodes; it yields when the copy is full.
 *
 * @param target a table with its column list
 */
export async function copyInto(
  client: pg.ClientBase,
  target: string,
  copy: BinaryCopy,
  write: () => Iterable<void>,
): Promise<void> {
  const stream: Writable = client.query(copyFrom(`COPY ${target} FROM STDIN WITH (FORMAT binary)`));
  const done = finished(stream);
  // Awaited at the end, even if the stream fails earlier.
  done.catch(() => undefined);
  for (const _ of write()) {
    if (!stream.write(copy.take())) await drained(stream);
    if (stream.destroyed) break;
  }
  if (!stream.destroyed) stream.end(copy.finish());
  await done;
}

/** Waits until a stream drains or ends. */
export function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off('drain', settle).off('error', settle).off('close', settle);
      resolve();
    };
    stream.once('drain', settle).once('error', settle).once('close', settle);
  });
}
