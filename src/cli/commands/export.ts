import { statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type EventFormat, exportEvents } from '../../analytics/export-events.ts';
import { AppError } from '../../errors.ts';
import { findJob } from '../../store/scans/find-scan.ts';
import type { ScannedHost } from '../../store/export/scanned-hosts.ts';
import type { StoreDatabase } from '../../store/store.ts';
import { everyJobId, storedEvents } from '../../store/export/events.ts';
import type { TablePlace } from '../export-tables.ts';
import { type Io, write } from '../io.ts';
import { withAtomicOutput } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

const formats = ['jsonl', 'json', 'csv', 'parquet', 'sqlite', 'nmap', 'shodan'] as const;

type ExportOptions = StoreOptions & {
  readonly format: (typeof formats)[number];
  readonly output?: string;
  readonly partition?: boolean;
  readonly from?: string;
};

export function define(command: Command): void {
  command
    .argument('[scans...]', 'scans, by id, the start of the id, or "last"; all by default')
    .addOption(
      new Option('-f, --format <format>', 'see below').choices([...formats]).default('jsonl'),
    )
    .option('-o, --output <place>', 'a file, or a folder for the tables of the data set')
    .option('--from <file>', 'read a file that "import" reads instead of the store; - for stdin')
    .option('--partition', 'parquet: one folder per month instead of one file per table');
  addStoreOption(command).addHelpText('after', examples);
}

const examples = `
To a file or the terminal: jsonl, the events that "import" reads; json, the same as one array; csv, one
row per port. To a folder (an existing one, or a name that ends in "/"): the six tables of the data
set, one file per table (runs, hosts, ports, banners, http_endpoints, errors), as parquet, csv, jsonl
or json. sqlite: the six tables in one file. nmap: one scan, as "nmap -oX" writes it. shodan: JSON
lines in the format of Shodan, one per open port. --from writes the six tables of a file in any format
that "import" reads, without a store.

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
  const { from } = options;
  const place = placeOf(options);
  if (from !== undefined) {
    refuse(
      references.length > 0 || options.db !== undefined,
      '--from reads a whole file and no store: name neither scans nor --db',
    );
    const { writeTables } = await import('../export-tables.ts');
    if ('folder' in place) return await writeTables(io, { file: from }, place);
    throw new AppError(
      'USAGE',
      '--from writes the tables of the data set: name a folder with -o, as in "-o results/"',
    );
  }
  await using app = await openFrom(io, options);
  const { store } = app;
  const scans =
    references.length === 0
      ? undefined
      : (await Promise.all(references.map((one) => findJob(store.database, one)))).map(
          ({ id }) => id,
        );
  if (!('stream' in place)) {
    const { writeTables } = await import('../export-tables.ts');
    return await writeTables(io, { store, scans }, place);
  }
  const texts = await textsOf(store.database, place.stream, scans);
  await withAtomicOutput(io, options, async (stream) => {
    for await (const text of texts) {
      io.signal.throwIfAborted();
      await write(stream, text);
    }
  });
  return 0;
}

type StreamFormat = EventFormat | 'nmap' | 'shodan';

/**
 * Where the export goes, and in what format.
 *
 * @throws AppError USAGE where format and place do not fit
 */
function placeOf({
  format,
  output,
  partition: isPartitioned = false,
}: ExportOptions): TablePlace | { readonly stream: StreamFormat } {
  refuse(isPartitioned && format !== 'parquet', '--partition is for --format parquet');
  if (format === 'nmap' || format === 'shodan') return { stream: format };
  const folder = isFolderName(output) ? output : undefined;
  if (format === 'sqlite') {
    if (output !== undefined && folder === undefined) return { sqlite: output };
    throw new AppError('USAGE', '--format sqlite needs a file: name it with -o');
  }
  if (format === 'parquet') {
    refuse(
      output?.endsWith('.parquet') && folder === undefined,
      '--format parquet writes a folder of six files: name one with -o, as in "-o results/"',
    );
    if (output !== undefined) return { folder: output, format, isPartitioned };
    throw new AppError('USAGE', '--format parquet needs a folder: name it with -o');
  }
  return folder === undefined ? { stream: format } : { folder, format, isPartitioned };
}

async function textsOf(
  database: StoreDatabase,
  format: StreamFormat,
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
  return exportEvents(storedEvents(database, ids), format);
}

async function* hostsOf(
  database: StoreDatabase,
  ids: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<ScannedHost> {
  const { scannedHosts } = await import('../../store/export/scanned-hosts.ts');
  for await (const id of ids) yield* scannedHosts(database, id);
}

function isFolderName(place: string | undefined): place is string {
  if (place === undefined) return false;
  return (
    place.endsWith('/') || (statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false)
  );
}

function refuse(isWrong: boolean | undefined, why: string): void {
  if (isWrong) throw new AppError('USAGE', why);
}
