import type { Command } from 'commander';
import { shortId } from '../../core/ids.ts';
import { listWorkers, type WorkerRow } from '../../store/scans/workers.ts';
import type { Io } from '../io.ts';
import { addOutputOptions, type OutputOptions, type Shape, writeRows } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { count } from '../../core/quantity.ts';
import { formatDuration } from '../../core/duration.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

export function define(command: Command): void {
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Which workers there are, and what each does and since when. One that was not heard of for half a
minute is lost; others go on with its work.

Examples:
  portolan workers
  portolan workers --json`;

const statusColors = { working: 'green', stopping: 'yellow', lost: 'red' } as Readonly<
  Record<string, 'green' | 'yellow' | 'red' | undefined>
>;

const shape: Shape<WorkerRow> = {
  columns: [
    { title: 'worker', value: ({ id }) => id },
    {
      title: 'status',
      value: ({ status }) => status,
      color: ({ status }) => statusColors[status],
    },
    { title: 'does', value: ({ work }) => workTexts(work).join(', ') },
    { title: 'at once', value: ({ concurrency }) => concurrency, align: 'right' },
    { title: 'labels', value: ({ labels }) => labels.join(' ') },
    { title: 'started', value: ({ started_at: at }) => localTime(at) },
    { title: 'heard of', value: ({ heartbeat_at: at }) => localTime(at) },
  ],
  toJson: ({ scanTypes, work, ...row }) => ({
    ...row,
    scan_types: scanTypes,
    started_at: isoTime(row.started_at),
    heartbeat_at: isoTime(row.heartbeat_at),
    work: work.map(({ since, ...rest }) => ({ ...rest, since: isoTime(since) })),
  }),
  empty: 'No workers. One is started by: portolan worker',
};

/** A scan each, however many parts of the worker have units of it. */
function workTexts(work: WorkerRow['work']): string[] {
  return [...Map.groupBy(work, ({ scan }) => scan)].map(([scan, parts]) => {
    const units = parts.reduce((total, part) => total + part.units, 0);
    const since = Math.min(...parts.map((part) => part.since));
    const time = formatDuration(Math.max(0, Date.now() - since));
    return `${shortId(scan)}: ${count(units, 'unit')} for ${time}`;
  });
}

export async function run(
  io: Io,
  _operands: [],
  options: OutputOptions & StoreOptions,
): Promise<void> {
  await using app = await openFrom(io, options);
  await writeRows(io, options, { rows: await listWorkers(app.store.database), shape });
}
