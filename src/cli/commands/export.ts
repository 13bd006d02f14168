import { statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import { type EventFormat, exportEvents } from '../../analytics/export-events.ts';
import { AppError } from '../../errors.ts';
import { findJob } from '../../store/scans/find-scan.ts';
import type { ScannedHost } from '../../store/export/scanned-hosts.ts';
import type { StoreDatabase } from '../../store/store.ts';
import { everyJobId, storedEvents } from '../../store/export/events.ts';
import { type Io, write } from '../io.ts';
import { withAtomicOutput } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

const formats = ['jsonl', 'json', 'csv', 'parquet', 'sqlite', 'nmap', 'shodan'] as const;

export type ExportOptions = StoreOptions & {
  readonly format: (typeof formats)[number];
  readonly output?: string;
  readonly partition?: boolean;
  readonly from?: string;
};

export function define(command: Command): void {
  command
    .argument('[scans...]', 'scans, by id, the beginning of it, or "last"; all by default')
    .addOption(
      new Option('-f, --format <format>', 'see below').choices([...formats]).default('jsonl'),
    )
    .option('-o, --output <place>', 'a file, or a folder for the tables of the data set')
    .option(
      '--from <file>',
      'a file that "import" reads instead of the store, to a folder; - for stdin',
    )
    .option('--partition', 'parquet: a folder a month instead of one file a table');
  addStoreOption(command).addHelpText('after', examples);
}

const examples = `
To a file, or the terminal: jsonl, the events that "import" reads; json, the same as one array; csv,
a row a port. To a folder (one that is there, or a name that ends in "/"): the six tables of the
data set, a file each (runs, hosts, ports, banners, http_endpoints, errors), as parquet, csv, jsonl
or json. sqlite: the six tables in one file. nmap: one scan, as "nmap -oX" writes it. shodan: JSON
lines in the shape of Shodan's, an open port each. --from writes the six tables of a file, in any
format that "import" reads, and no store.

Examples:
  portolan export -o all.jsonl
  portolan export last --format csv -o ports.csv
  portolan export 019aa1c2 | gzip > scan.jsonl.gz
  portolan export --format parquet -o results/
  portolan export --from scan.jsonl --format parquet -o results/
  portolan export --format sqlite -o results.db
  portolan export last --format nmap -o last.xml`;

export async function run(
  io: Io,
  [references]: [string[]],
  options: ExportOptions,
): Promise<number> {
  const isStream = options.format === 'nmap' || options.format === 'shodan';
  const isFolder = options.format === 'parquet' || (!isStream && isFolderName(options.output));
  assertFits(options, isFolder, references);
  if (options.from !== undefined) {
    const { writeTables } = await import('../export-tables.ts');
    return await writeTables(io, undefined, options);
  }
  await using app = await openFrom(io, options);
  const { database } = app.store;
  const scans =
    references.length === 0
      ? undefined
      : (await Promise.all(references.map((one) => findJob(database, one)))).map(({ id }) => id);
  if (isFolder || options.format === 'sqlite') {
    const { writeTables } = await import('../export-tables.ts');
    return await writeTables(io, app.store, { ...options, scans });
  }
  const texts = await textsOf(app, options.format, scans);
  await withAtomicOutput(io, options, async (stream) => {
    for await (const text of texts) {
      io.signal.throwIfAborted();
      await write(stream, text);
    }
  });
  return 0;
}

async function textsOf(
  { store: { database } }: App,
  format: ExportOptions['format'],
  scans: readonly string[] | undefined,
): Promise<AsyncIterable<string>> {
  if (format === 'nmap') {
    const { nmapXml } = await import('../../analytics/formats/nmap-xml.ts');
    const { scannedHosts } = await import('../../store/export/scanned-hosts.ts');
    const [id, other] = scans ?? (await Array.fromAsync(everyJobId(database)));
    if (id === undefined || other !== undefined) {
      throw new AppError('USAGE', '--format nmap writes one scan: name it, by id or "last"');
    }
    return nmapXml(await findJob(database, id), scannedHosts(database, id));
  }
  const ids = scans ?? everyJobId(database);
  if (format === 'shodan') {
    const { shodanLines } = await import('../../analytics/formats/shodan.ts');
    return shodanLines(hostsOf(database, ids));
  }
  return exportEvents(storedEvents(database, ids), format as EventFormat);
}

async function* hostsOf(
  database: StoreDatabase,
  ids: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<ScannedHost> {
  const { scannedHosts } = await import('../../store/export/scanned-hosts.ts');
  for await (const id of ids) yield* scannedHosts(database, id);
}

function isFolderName(place: string | undefined): boolean {
  if (place === undefined) return false;
  return (
    place.endsWith('/') || (statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false)
  );
}

function assertFits(
  { format, output, partition, from, db }: ExportOptions,
  isFolder: boolean,
  references: readonly string[],
): void {
  refuse(
    format === 'parquet' && output === undefined,
    '--format parquet needs a folder: name it with -o',
  );
  refuse(
    format === 'parquet' && output?.endsWith('.parquet') && !isFolderName(output),
    '--format parquet writes a folder of six files: name one with -o, as in "-o results/"',
  );
  refuse(
    format === 'sqlite' && (output === undefined || isFolder),
    '--format sqlite needs a file: name it with -o',
  );
  refuse(partition && format !== 'parquet', '--partition is for --format parquet');
  if (from === undefined) return;
  refuse(
    references.length > 0 || db !== undefined,
    '--from reads all of a file and no store: name neither scans nor --db',
  );
  refuse(
    !isFolder,
    '--from writes the tables of the data set: name a folder with -o, as in "-o results/"',
  );
}

function refuse(isWrong: boolean | undefined, why: string): void {
  if (isWrong) throw new AppError('USAGE', why);
}
