import { pageOf } from '../store/keyset.ts';
import { listExclusions } from '../store/setup/exclusions.ts';
import { target } from './filters.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource } from './resource.ts';

export const exclusions = defineResource({
  filters: { target: { ...target, description: 'only what scans of this target leave out' } },
  list: async (db, filter, page) =>
    pageOf(await listExclusions(db, filter?.target), ({ id }) => id, page),
  order: 'the time they were added',
  examples: [{ target: 'office' }],
  columns: [
    { title: 'excluded', value: ({ excluded }) => excluded },
    { title: 'from', value: (row) => row.target ?? 'every scan' },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'since', value: ({ created_at: at }) => at, kind: 'time' },
    { title: 'by', value: ({ created_by: by }) => by },
    { title: 'id', value: ({ id }) => id, tone: () => 'muted' },
  ],
  empty: 'No exclusions.',
  toJson: (row) => withIsoTimes(row, 'created_at'),
});
