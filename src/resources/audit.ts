import { shortId } from '../core/ids.ts';
import { listAudit } from '../store/setup/audit.ts';
import { action, actor, object, since } from './filters.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource } from './resource.ts';

export const audit = defineResource({
  filters: {
    since: { ...since, description: 'only changes since: 7d, 12h, 2026-01-31' },
    action,
    actor,
    object,
  },
  list: listAudit,
  order: 'time, newest first',
  examples: [{ object: '019a3b' }, { action: 'tenant.add' }],
  columns: [
    { title: '#', value: ({ seq }) => seq, align: 'right' },
    { title: 'time', value: ({ at }) => at, kind: 'time' },
    { title: 'who', value: (row) => row.actor },
    { title: 'action', value: (row) => row.action },
    { title: 'object', value: (row) => `${row.object_type} ${shortId(row.object_id)}` },
    { title: 'before', value: ({ before }) => brief(before), tone: () => 'muted' },
    { title: 'after', value: ({ after }) => brief(after) },
    { title: 'reason', value: ({ reason }) => reason },
  ],
  empty: 'No changes.',
  toJson: (row) => withIsoTimes(row, 'at'),
});

/** A value shortened for a table cell; JSON has all of it. */
function brief(value: unknown): string | null {
  if (value === null) return null;
  const text = JSON.stringify(value);
  return text.length > 48 ? `${text.slice(0, 47)}…` : text;
}
