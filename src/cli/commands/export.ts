import { type Command, Option } from 'commander';
import type { App } from '../../app.ts';
import { findJob } from '../../store/job-list.ts';
import { listPorts } from '../../store/ports.ts';
import { everyJobId, storedEvents } from '../../store/stored-events.ts';
import { type Io, write } from '../io.ts';
import { limitedRows } from '../lists.ts';
import { csvLine, withOutput } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { isoTime } from '../text.ts';
import type { Writable } from 'node:stream';

type Options = StoreOptions & {
  readonly format: 'jsonl' | 'json' | 'csv';
  readonly output?: string;
};

export function define(command: Command): void {
  command
    .argument('[scans...]', 'scans, by id, the beginning of it, or "last"; all by default')
    .addOption(
      new Option('-f, --format <format>', 'jsonl: what "import" reads; json; csv: a row a port')
        .choices(['jsonl', 'json', 'csv'])
        .default('jsonl'),
    )
    .option('-o, --output <file>', 'write to a file instead of the terminal');
  addStoreOption(command).addHelpText('after', examples);
}

const examples = `
Examples:
  portolan export -o all.jsonl
  portolan export last --format csv -o ports.csv
  portolan export 019aa1c2 | gzip > scan.jsonl.gz`;

export async function run(io: Io, [references]: [string[]], options: Options): Promise<void> {
  await using app = await openFrom(io, options);
  const { database } = app.store;
  const ids = references.length === 0 ? everyJobId(database) : await idsOf(app, references);
  await withOutput(io, options, async (stream) => {
    if (options.format === 'csv') return writeCsv(io, app, { ids, stream });
    const isArray = options.format === 'json';
    let count = 0;
    for await (const event of storedEvents(database, ids)) {
      io.signal.throwIfAborted();
      const before = isArray ? (count === 0 ? '[\n' : ',\n') : '';
      await write(stream, `${before}${JSON.stringify(event)}${isArray ? '' : '\n'}`);
      count++;
    }
    if (isArray) await write(stream, count === 0 ? '[]\n' : '\n]\n');
  });
}

async function idsOf(app: App, references: readonly string[]): Promise<string[]> {
  const jobs = await Promise.all(references.map((one) => findJob(app.store.database, one)));
  return jobs.map(({ id }) => id);
}

async function writeCsv(
  io: Io,
  app: App,
  { ids, stream }: { ids: Iterable<string> | AsyncIterable<string>; stream: Writable },
): Promise<void> {
  let count = 0;
  for await (const scan of ids) {
    const rows = limitedRows((page) => listPorts(app.store.database, { scan }, page), undefined);
    for await (const row of rows) {
      io.signal.throwIfAborted();
      const { first_seen: first, last_seen: last, ...fields } = row;
      const value = { scan, ...fields, first_seen: isoTime(first), last_seen: isoTime(last) };
      if (count === 0) await write(stream, csvLine(Object.keys(value)));
      await write(stream, csvLine(Object.values(value)));
      count++;
    }
  }
}
