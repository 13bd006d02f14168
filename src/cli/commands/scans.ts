import { type Command, Option } from 'commander';
import { shortId } from '../../core/ids.ts';
import { type JobState, jobStates } from '../../core/job-states.ts';
import { markCrashedJobs } from '../../store/scans/crash-detection.ts';
import { listJobs } from '../../store/scans/find-scan.ts';
import { priorityName } from '../../core/job-priority.ts';
import type { Job } from '../../store/scans/jobs.ts';
import { addFilterOptions, type FilterOptions } from '../filter-options.ts';
import type { Io } from '../io.ts';
import { filteredShape, limitedRows } from '../lists.ts';
import { addOutputOptions, type OutputOptions, type Shape, writeRows } from '../output.ts';
import { addStoreOption, openFrom, type StoreOptions } from '../store-option.ts';
import { formatDuration } from '../../core/duration.ts';
import { isoTime } from '../../resources/iso-time.ts';
import { localTime } from '../local-time.ts';

export function define(command: Command): void {
  addFilterOptions(command, ['since', 'limit'], { targets: false }).addOption(
    new Option('--status <status>', 'only scans in this status').choices([...jobStates]),
  );
  command
    .option('--target <name>', 'only scans of this target')
    .option('--profile <name>', 'only scans with this profile')
    .option('--schedule <name>', 'only scans that this schedule began');
  addStoreOption(addOutputOptions(command)).addHelpText('after', examples);
}

const examples = `
Newest first. The beginning of an id, or "last", names a scan in other commands.

Examples:
  portolan scans
  portolan scans --status cancelled --since 7d
  portolan scans --schedule nightly --limit 10
  portolan scans --limit 1 --json`;

const statusColors = {
  completed: 'green',
  running: 'cyan',
  failed: 'red',
  crashed: 'red',
  cancelled: 'yellow',
} as Readonly<Record<string, 'green' | 'cyan' | 'red' | 'yellow' | undefined>>;

const shape: Shape<Job> = {
  columns: [
    { title: 'scan', value: ({ id }) => shortId(id) },
    {
      title: 'status',
      value: ({ status, is_partial: isPartial }) =>
        isPartial && status === 'completed' ? 'completed (partial)' : status,
      color: ({ status }) => statusColors[status],
    },
    { title: 'type', value: ({ scan_type: type }) => type },
    { title: 'targets', value: targetsOf },
    {
      title: 'done',
      value: ({ status, progress_percent: percent }) =>
        status === 'completed' ? '' : `${percent}%`,
      align: 'right',
    },
    { title: 'started', value: ({ started_at: at }) => localTime(at) },
    { title: 'took', value: tookOf, align: 'right' },
    { title: 'up', value: ({ hosts_up: up }) => up, align: 'right' },
    { title: 'open', value: ({ ports_open: open }) => open, align: 'right' },
    { title: 'errors', value: ({ error_count: count }) => count || '', align: 'right' },
  ],
  toJson: jobJson,
  empty: 'No scans. The first one: portolan scan localhost',
};

/** A scan as JSON: times as text, without what only its worker needs. */
export function jobJson({
  worker: _worker,
  next_unit: _next,
  ...job
}: Job): Record<string, unknown> {
  const { perSecond, leftMs } = progressOf(job);
  return {
    ...job,
    priority: priorityName(job.priority),
    hosts_per_second: perSecond,
    seconds_left: leftMs === null ? null : Math.round(leftMs / 1000),
    run_at: isoTime(job.run_at),
    timeout_at: isoTime(job.timeout_at),
    requested_at: isoTime(job.requested_at),
    started_at: isoTime(job.started_at),
    completed_at: isoTime(job.completed_at),
    heartbeat_at: isoTime(job.heartbeat_at),
  };
}

/** How fast a running scan has been so far, and how long it takes yet at that rate. */
export function progressOf(
  job: Pick<Job, 'status' | 'started_at' | 'hosts_done' | 'hosts_total'>,
): { readonly perSecond: number | null; readonly leftMs: number | null } {
  const { status, started_at: from, hosts_done: done, hosts_total: total } = job;
  if (status !== 'running' || from === null || done === 0) return { perSecond: null, leftMs: null };
  const perSecond = done / Math.max(0.001, (Date.now() - from) / 1000);
  const left = total === null ? null : Math.max(0, total - done);
  return { perSecond, leftMs: left === null ? null : (left / perSecond) * 1000 };
}

/** What a scan was of, in a few words. */
export function targetsOf({ coverage, args }: Job): string {
  const { targets } = coverage;
  if (Array.isArray(targets)) {
    return targets.slice(0, 3).join(' ') + (targets.length > 3 ? ` … (${targets.length})` : '');
  }
  return Array.isArray(args) ? args.join(' ') : '';
}

/** How long a scan took, or has taken so far. */
export function tookOf({ started_at: from, completed_at: to, status }: Job): string {
  if (from === null || (to === null && status !== 'running')) return '';
  return formatDuration((to ?? Date.now()) - from);
}

type Options = FilterOptions &
  OutputOptions &
  StoreOptions & {
    readonly status?: JobState;
    readonly target?: string;
    readonly profile?: string;
    readonly schedule?: string;
  };

export async function run(io: Io, _operands: [], options: Options): Promise<void> {
  await using app = await openFrom(io, options);
  await markCrashedJobs(app.store.database);
  const filter = {
    ...(options.status && { statuses: [options.status] }),
    ...(options.since !== undefined && { since: options.since }),
    target: options.target,
    profile: options.profile,
    schedule: options.schedule,
  };
  const rows = limitedRows((page) => listJobs(app.store.database, filter, page), options.limit);
  await writeRows(io, options, { rows, shape: filteredShape(shape, filter, 'scans') });
}
