import { formatDuration } from '../core/duration.ts';
import { shortId } from '../core/ids.ts';
import { priorityName } from '../core/job-priority.ts';
import type { JobState } from '../core/job-states.ts';
import { markCrashedJobs } from '../store/scans/crash-detection.ts';
import { listJobs } from '../store/scans/find-scan.ts';
import type { Job } from '../store/scans/jobs.ts';
import { profile, scanStatus, schedule, since, target } from './filters.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource, type Tone } from './resource.ts';

const tones: Readonly<Partial<Record<JobState, Tone>>> = {
  completed: 'good',
  running: 'info',
  failed: 'bad',
  crashed: 'bad',
  cancelled: 'warning',
};

export const scans = defineResource({
  filters: {
    since: { ...since, description: 'only scans requested since: 7d, 12h, 2026-01-31' },
    status: scanStatus,
    target,
    profile,
    schedule,
  },
  async list(db, { status, ...filter } = {}, page = {}) {
    if (page.after === undefined) await markCrashedJobs(db);
    return await listJobs(db, { ...filter, statuses: status && [status] }, page);
  },
  order: 'time of request, newest first',
  notes: 'The start of an id, or "last", names a scan in other commands.',
  examples: [{ status: 'cancelled', since: '7d' }, { schedule: 'nightly' }],
  columns: [
    { title: 'scan', value: ({ id }) => shortId(id) },
    {
      title: 'status',
      value: ({ status, is_partial: isPartial }) =>
        isPartial && status === 'completed' ? 'completed (partial)' : status,
      tone: ({ status }) => tones[status],
    },
    { title: 'type', value: ({ scan_type: type }) => type },
    { title: 'targets', value: targetsOf },
    {
      title: 'done',
      value: ({ status, progress_percent: percent }) =>
        status === 'completed' ? '' : `${percent}%`,
      align: 'right',
    },
    { title: 'started', value: ({ started_at: at }) => at, kind: 'time' },
    { title: 'took', value: tookOf, align: 'right' },
    { title: 'up', value: ({ hosts_up: up }) => up, align: 'right' },
    { title: 'open', value: ({ ports_open: open }) => open, align: 'right' },
    { title: 'errors', value: ({ error_count: count }) => count || '', align: 'right' },
  ],
  empty: 'No scans. To run the first: portolan scan localhost',
  toJson: scanJson,
});

/** A scan as JSON, without what only its worker needs. */
export function scanJson({
  worker: _worker,
  next_unit: _next,
  ...job
}: Job): Readonly<Record<string, unknown>> {
  const { perSecond, leftMs } = progressOf(job);
  return {
    ...withIsoTimes(
      job,
      'run_at',
      'timeout_at',
      'requested_at',
      'started_at',
      'completed_at',
      'heartbeat_at',
    ),
    priority: priorityName(job.priority),
    hosts_per_second: perSecond,
    seconds_left: leftMs === null ? null : Math.round(leftMs / 1000),
  };
}

/** A running scan's average rate so far, and the remaining time at that rate. */
export function progressOf(
  job: Pick<Job, 'status' | 'started_at' | 'hosts_done' | 'hosts_total'>,
): { readonly perSecond: number | null; readonly leftMs: number | null } {
  const { status, started_at: from, hosts_done: done, hosts_total: total } = job;
  if (status !== 'running' || from === null || done === 0) return { perSecond: null, leftMs: null };
  const perSecond = done / Math.max(0.001, (Date.now() - from) / 1000);
  const left = total === null ? null : Math.max(0, total - done);
  return { perSecond, leftMs: left === null ? null : (left / perSecond) * 1000 };
}

/** The targets of a scan, in a few words. */
export function targetsOf({ coverage, args }: Pick<Job, 'coverage' | 'args'>): string {
  const words = coverage['targets'];
  if (Array.isArray(words)) {
    return words.slice(0, 3).join(' ') + (words.length > 3 ? ` … (${words.length})` : '');
  }
  return Array.isArray(args) ? args.join(' ') : '';
}

/** A scan's duration, or its duration so far. */
export function tookOf({
  started_at: from,
  completed_at: to,
  status,
}: Pick<Job, 'started_at' | 'completed_at' | 'status'>): string {
  if (from === null || (to === null && status !== 'running')) return '';
  return formatDuration((to ?? Date.now()) - from);
}
