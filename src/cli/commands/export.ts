import { type Command, Option } from 'commander';
import { type EventFormat, eventFormats, exportEvents } from '../../analytics/export-events.ts';
import { findJob } from '../../store/job-list.ts';
import { everyJobId, storedEvents } from '../../store/stored-events.ts';
import { type Io, write } from '../io.ts';
import { withOutput } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';

type Options = StoreOptions & {
  readonly format: EventFormat;
  readonly output?: string;
};

export function define(command: Command): void {
  command
    .argument('[scans...]', 'scans, by id, the beginning of it, or "last"; all by default')
    .addOption(
      new Option('-f, --format <format>', 'jsonl: what "import" reads; json; csv: a row a port')
        .choices([...eventFormats])
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
  const ids =
    references.length === 0
      ? everyJobId(database)
      : (await Promise.all(references.map((one) => findJob(database, one)))).map(({ id }) => id);
  await withOutput(io, options, async (stream) => {
    for await (const text of exportEvents(storedEvents(database, ids), options.format)) {
      io.signal.throwIfAborted();
      await write(stream, text);
    }
  });
}
