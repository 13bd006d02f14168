import { statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import { type EventFormat, exportEvents } from '../../analytics/export-events.ts';
import { AppError } from '../../errors.ts';
import { findJob } from '../../store/job-list.ts';
import { everyJobId, storedEvents } from '../../store/stored-events.ts';
import { type Io, write } from '../io.ts';
import { withOutput } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

const formats = ['jsonl', 'json', 'csv', 'parquet', 'sqlite'] as const;

export type ExportOptions = StoreOptions & {
  readonly format: (typeof formats)[number];
  readonly output?: string;
  readonly partition?: boolean;
};

export function define(command: Command): void {
  command
    .argument('[scans...]', 'scans, by id, the beginning of it, or "last"; all by default')
    .addOption(
      new Option('-f, --format <format>', 'see below').choices([...formats]).default('jsonl'),
    )
    .option('-o, --output <place>', 'a file, or a folder for the tables of the data set')
    .option('--partition', 'parquet: a folder a month instead of one file a table');
  addStoreOption(command).addHelpText('after', examples);
}

const examples = `
To a file, or the terminal: jsonl, the events that "import" reads; json, the same as one array; csv,
a row a port. To a folder (one that is there, or a name that ends in "/"): the six tables of the
data set, a file each (runs, hosts, ports, banners, http_endpoints, errors), as parquet, csv, jsonl
or json. sqlite: the six tables in one file.

Examples:
  portolan export -o all.jsonl
  portolan export last --format csv -o ports.csv
  portolan export 019aa1c2 | gzip > scan.jsonl.gz
  portolan export --format parquet -o results/
  portolan export --format sqlite -o results.db`;

export async function run(io: Io, [references]: [string[]], options: ExportOptions): Promise<void> {
  const isFolder = options.format === 'parquet' || isFolderName(options.output);
  assertFits(options, isFolder);
  await using app = await openFrom(io, options);
  const { database } = app.store;
  const scans =
    references.length === 0
      ? undefined
      : (await Promise.all(references.map((one) => findJob(database, one)))).map(({ id }) => id);
  if (isFolder || options.format === 'sqlite') {
    const { writeTables } = await import('../export-tables.ts');
    return await writeTables(io, app, { ...options, scans });
  }
  await writeEvents(io, app, options, scans);
}

async function writeEvents(
  io: Io,
  { store: { database } }: App,
  options: ExportOptions,
  scans: readonly string[] | undefined,
): Promise<void> {
  const events = storedEvents(database, scans ?? everyJobId(database));
  await withOutput(io, options, async (stream) => {
    for await (const text of exportEvents(events, options.format as EventFormat)) {
      io.signal.throwIfAborted();
      await write(stream, text);
    }
  });
}

function isFolderName(place: string | undefined): boolean {
  if (place === undefined) return false;
  return (
    place.endsWith('/') || (statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false)
  );
}

function assertFits({ format, output, partition }: ExportOptions, isFolder: boolean): void {
  const wrong =
    format === 'parquet' && output === undefined
      ? '--format parquet needs a folder: name it with -o'
      : format === 'sqlite' && (output === undefined || isFolder)
        ? '--format sqlite needs a file: name it with -o'
        : partition && format !== 'parquet'
          ? '--partition is for --format parquet'
          : undefined;
  if (wrong !== undefined) throw new AppError('USAGE', wrong);
}
