import { formatDuration } from '../core/duration.ts';
import { shortId } from '../core/ids.ts';
import { count } from '../core/quantity.ts';
import { pageOf } from '../store/keyset.ts';
import { listWorkers, type WorkerRow } from '../store/scans/workers.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource, type Tone } from './resource.ts';

const tones: Readonly<Partial<Record<WorkerRow['status'], Tone>>> = {
  working: 'good',
  stopping: 'warning',
  lost: 'bad',
};

export const workers = defineResource({
  filters: {},
  list: async (db, _filter, page) => pageOf(await listWorkers(db), ({ id }) => id, page),
  order: 'start',
  notes: `A worker that has sent no heartbeat for half a minute is lost, and others continue its scans.`,
  examples: [{}],
  columns: [
    { title: 'worker', value: ({ id }) => id },
    { title: 'status', value: ({ status }) => status, tone: ({ status }) => tones[status] },
    { title: 'running', value: ({ work }) => workTexts(work).join(', ') },
    { title: 'at once', value: ({ concurrency }) => concurrency, align: 'right' },
    { title: 'labels', value: ({ labels }) => labels.join(' ') },
    { title: 'started', value: ({ started_at: at }) => at, kind: 'time' },
    { title: 'heartbeat', value: ({ heartbeat_at: at }) => at, kind: 'time' },
  ],
  empty: 'No workers. To start one: portolan worker',
  toJson: ({ scanTypes, work, ...row }) => ({
    ...withIsoTimes(row, 'started_at', 'heartbeat_at'),
    scan_types: scanTypes,
    work: work.map((part) => withIsoTimes(part, 'since')),
  }),
});

/** One text per scan, however many leases the worker has of it. */
function workTexts(work: WorkerRow['work']): string[] {
  return [...Map.groupBy(work, ({ scan }) => scan)].map(([scan, parts]) => {
    const units = parts.reduce((total, part) => total + part.units, 0);
    const since = Math.min(...parts.map((part) => part.since));
    const time = formatDuration(Math.max(0, Date.now() - since));
    return `${shortId(scan)}: ${count(units, 'unit')} for ${time}`;
  });
}
