import { shortId } from '../core/ids.ts';
import { listErrors } from '../store/inventory/errors.ts';
import { errorCode, scan, since } from './filters.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource } from './resource.ts';

export const errors = defineResource({
  filters: { scan, since, code: errorCode },
  list: listErrors,
  order: 'the time they were recorded',
  notes: `Connections that broke during a probe, bad lines of imported files, names that do not resolve.`,
  examples: [{ scan: 'last' }, { code: 'ECONNRESET', since: '1d' }],
  columns: [
    { title: 'time', value: ({ at }) => at, kind: 'time' },
    { title: 'scan', value: (row) => shortId(row.scan) },
    { title: 'scope', value: ({ scope }) => scope },
    { title: 'code', value: ({ code }) => code, tone: () => 'warning' },
    { title: 'message', value: ({ message }) => message },
  ],
  empty: 'No errors.',
  toJson: (row) => withIsoTimes(row, 'at'),
});
