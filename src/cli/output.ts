import { once } from 'node:events';
import { createWriteStream, realpathSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { csvLine } from '../core/csv.ts';
import { isSqliteFile } from '../database/sqlite-file.ts';
import { AppError } from '../errors.ts';
import { type Io, write } from './io.ts';
import type { Column } from '../resources/resource.ts';

/** The output options that every list shares. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly csv?: boolean;
  readonly output?: string;
  readonly color?: boolean;
}

export type Format = 'table' | 'json' | 'jsonl' | 'csv';

/** How rows are shown: columns for people and CSV, an object for machines. */
export interface Shape<Row> {
  readonly columns: readonly Column<Row>[];
  /** The JSON object of a row; the row itself by default. */
  toJson?(row: Row): object;
  /** What is said where there are no rows. */
  readonly empty: string;
  /** Also shows columns that are empty in all rows. */
  readonly keepsEmpty?: boolean;
}

/** Maximum rows of a table, which is held in memory. */
const tableRows = 10_000;

/** Adds `--json`, `--jsonl`, `--csv`, `-o` and `--no-color`. */
export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--json', 'print a JSON array').conflicts(['jsonl', 'csv']))
    .addOption(new Option('--jsonl', 'print one JSON object per line').conflicts(['json', 'csv']))
    .addOption(new Option('--csv', 'print CSV with a header').conflicts(['json', 'jsonl']))
    .option('-o, --output <file>', 'write to a file instead of stdout')
    .option('--no-color', 'no colors (as NO_COLOR=1)');
}

/** `--silent`, which has a form of its own. */
export function silentOption(description: string): Option {
  return new Option('--silent', description).conflicts(['json', 'jsonl', 'csv']);
}

/** The format that the options ask for. */
export function formatOf(options: OutputOptions): Format {
  if (options.json) return 'json';
  if (options.jsonl) return 'jsonl';
  return options.csv ? 'csv' : 'table';
}

/** Whether tables have colors: on a terminal, unless the user asked for none. */
export function hasColor(io: Io, options: OutputOptions): boolean {
  if (options.color === false || (io.env['NO_COLOR'] ?? '') !== '') return false;
  return options.output === undefined && io.stdout.isTTY === true;
}

/**
 * Calls back with the stream that output goes to: stdout, or the file of `-o`.
 *
 * @throws AppError STORE_UNWRITABLE where the file cannot be written, USAGE where it is a database
 */
export async function withOutput<T>(
  io: Io,
  options: OutputOptions,
  body: (stream: Writable) => Promise<T>,
): Promise<T> {
  if (options.output === undefined || options.output === '-') return body(io.stdout);
  assertNoDatabase(options.output);
  return await writeTo(options.output, body);
}

/**
 * @param options.name how the user calls the file
 * @param options.mode of the file that it will replace
 */
async function writeTo<T>(
  path: string,
  body: (stream: Writable) => Promise<T>,
  { name = path, mode }: { name?: string | undefined; mode?: number | undefined } = {},
): Promise<T> {
  const stream = createWriteStream(path, mode === undefined ? {} : { mode });
  const written = finished(stream).catch((error: unknown) => {
    throw new AppError('STORE_UNWRITABLE', `cannot write "${name}": ${String(error)}`, {
      cause: error,
    });
  });
  const all = async (): Promise<T> => {
    const result = await body(stream);
    stream.end();
    await written;
    return result;
  };
  // A stream that breaks ends the wait for a body that no longer gets anywhere.
  const broken = new Promise<never>((_resolve, reject) => void written.catch(reject));
  try {
    return await Promise.race([broken, all()]);
  } finally {
    // A file that is opened after its removal would be left behind.
    if (!stream.destroy().closed) await once(stream, 'close');
  }
}

/**
 * As {@link withOutput}, for output that is useless in part: the file is written beside its
 * place and renamed when it is complete. Where that fails, or is interrupted, the place is as it was.
 */
export async function withAtomicOutput(
  io: Io,
  options: OutputOptions,
  body: (stream: Writable) => Promise<void>,
): Promise<void> {
  const place = placeOf(options.output);
  if (place === undefined) return withOutput(io, options, body);
  assertNoDatabase(place);
  const draft = `${place}.${process.pid}.part`;
  const mode = statSync(place, { throwIfNoEntry: false })?.mode;
  try {
    await writeTo(draft, body, { name: options.output, mode });
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Where a regular file is, or will be, links followed; undefined for pipes, terminals and the like. */
function placeOf(output: string | undefined): string | undefined {
  if (output === undefined || output === '-') return undefined;
  const found = statSync(output, { throwIfNoEntry: false });
  if (!found) return output;
  return found.isFile() ? realpathSync(output) : undefined;
}

/**
 * Text never replaces a database: `-o` and `--db` are easily confused.
 *
 * @throws AppError USAGE
 */
export function assertNoDatabase(path: string): void {
  if (!isSqliteFile(path)) return;
  throw new AppError('USAGE', `${path} is a SQLite database: name another file with -o`);
}

/** Writes one thing: text for people, or an object for machines. */
export async function writeOne(
  io: Io,
  options: OutputOptions,
  { text, json }: { readonly text: () => string; readonly json: () => unknown },
): Promise<void> {
  const format = formatOf(options);
  const indent = format === 'json' ? 2 : 0;
  const output = format === 'table' ? text() : `${JSON.stringify(json(), null, indent)}\n`;
  await withOutput(io, options, (stream) => write(stream, output));
}

/** Streams rows in the format that the options ask for. */
export async function writeRows<Row extends object>(
  io: Io,
  options: OutputOptions,
  list: { rows: AsyncIterable<Row> | Iterable<Row>; shape: Shape<Row> },
): Promise<void> {
  await withAtomicOutput(io, options, async (stream) => {
    const format = formatOf(options);
    if (format === 'table') return writeTable(io, options, { ...list, stream });
    let count = 0;
    for await (const row of list.rows) {
      const value = list.shape.toJson?.(row) ?? row;
      if (format === 'csv') {
        if (count === 0) await write(stream, csvLine(Object.keys(value)));
        await write(stream, csvLine(Object.values(value)));
      } else {
        const text = JSON.stringify(value);
        await write(stream, format === 'jsonl' ? `${text}\n` : `${count ? ',\n' : '[\n'}${text}`);
      }
      count++;
    }
    if (format === 'json') await write(stream, count ? '\n]\n' : '[]\n');
    if (count === 0 && format !== 'json') await write(io.stderr, `${list.shape.empty}\n`);
  });
}

async function writeTable<Row extends object>(
  io: Io,
  options: OutputOptions,
  list: { rows: AsyncIterable<Row> | Iterable<Row>; shape: Shape<Row>; stream: Writable },
): Promise<void> {
  const rows: Row[] = [];
  let isCut = false;
  for await (const row of list.rows) {
    if (rows.length === tableRows) {
      isCut = true;
      break;
    }
    rows.push(row);
  }
  if (rows.length === 0) return write(io.stderr, `${list.shape.empty}\n`);
  const { renderTable } = await import('./table.ts');
  const width = options.output === undefined && io.stdout.isTTY ? io.stdout.columns : undefined;
  await write(
    list.stream,
    renderTable(rows, list.shape.columns, {
      width,
      color: hasColor(io, options),
      keepsEmpty: list.shape.keepsEmpty,
    }),
  );
  if (isCut) {
    await write(io.stderr, `(the first ${tableRows} rows; --jsonl and --csv print all of them)\n`);
  }
}
