import type { Command } from 'commander';
import { archiveScans, type ArchiveReport } from '../../../analytics/archive/archive-scans.ts';
import type { App } from '../../../app.ts';
import { shortId } from '../../../core/ids.ts';
import { AppError } from '../../../errors.ts';
import { findJob, listJobs } from '../../../store/scans/find-scan.ts';
import { allRows } from '../../../store/keyset.ts';
import type { Io } from '../../io.ts';
import { progressLine } from '../../progress.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../../store-option.ts';
import { count, number } from '../../../core/quantity.ts';
import { adminFrom, totalRows, writeReport } from './admin-command.ts';
import { pastOption } from '../../option-values.ts';

export function define(command: Command): void {
  command
    .argument('[scans...]', 'scans, by id, the start of the id, or "last"')
    .option('--older-than <time>', 'scans that ended before: 90d, 52w, 2026-01-31', pastOption)
    .requiredOption('--to <folder>', 'folder in which each scan gets a folder')
    .option('--keep', 'keep the scans in the store')
    .option('--json', 'print a JSON object');
  addStoreOption(command).addHelpText('after', examples);
}

const examples = `
Writes each scan with all its results: the six tables of the data set as Parquet, and its events as
events.jsonl.gz, which "portolan import" reads. Both are read back and compared before the scan is
removed from the store; what is known of hosts and ports stays there.

Examples:
  portolan db archive --older-than 90d --to archive/
  portolan db archive 019aa1c2 --to archive/ --keep`;

type Options = StoreOptions & {
  readonly olderThan?: number;
  readonly to: string;
  readonly keep?: boolean;
  readonly json?: boolean;
};

export async function run(io: Io, [references]: [string[]], options: Options): Promise<void> {
  if ((references.length === 0) === (options.olderThan === undefined)) {
    throw new AppError('USAGE', 'name the scans, or choose them by their end with --older-than');
  }
  await using app = await openFrom(io, options);
  await using admin = await adminFrom(io, options);
  const scans = await scansOf(app, references, options.olderThan);
  let now = '';
  using line = progressLine(io, () => now);
  let done = 0;
  const report = await archiveScans(app.store, admin, {
    scans,
    folder: options.to,
    keep: options.keep ?? false,
    signal: io.signal,
    onScan: (id) => (now = `${shortId(id)}: ${++done} of ${scans.length}`),
  });
  line.clear();
  await writeReport(io, options, { json: report, text: textOf(report) });
}

const ended = ['completed', 'failed', 'cancelled', 'crashed'] as const;

async function scansOf(
  { store: { database } }: App,
  references: readonly string[],
  before: number | undefined,
): Promise<string[]> {
  if (before === undefined) {
    return (await Promise.all(references.map((one) => findJob(database, one)))).map(({ id }) => id);
  }
  const ids: string[] = [];
  for await (const job of allRows((page) => listJobs(database, { statuses: ended }, page))) {
    const at = job.completed_at ?? job.started_at ?? job.requested_at;
    if (at < before) ids.push(job.id);
  }
  return ids;
}

function textOf({ archived, removed, partitions }: ArchiveReport): string {
  const lines = archived.map(({ folder, events }) => `${folder}  ${count(events, 'event')}\n`);
  const rows = totalRows(removed);
  const months = partitions.length > 0 ? `; partitions ${partitions.join(', ')}` : '';
  return `${lines.join('')}${count(archived.length, 'scan')} archived, ${number(rows)} rows removed${months}\n`;
}
