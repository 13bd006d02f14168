import { pageOf } from '../store/keyset.ts';
import { listSchedules, type Schedule } from '../store/setup/schedules.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource } from './resource.ts';

export const schedules = defineResource({
  filters: {},
  list: async (db, _filter, page) => pageOf(await listSchedules(db), ({ name }) => name, page),
  order: 'name',
  examples: [{}],
  columns: [
    { title: 'schedule', value: ({ name }) => name },
    { title: 'cron', value: ({ cron }) => cron },
    { title: 'time zone', value: ({ time_zone: zone }) => zone },
    { title: 'target', value: ({ target }) => target },
    { title: 'profile', value: ({ profile }) => profile },
    {
      title: 'next',
      value: (row) => (scheduleState(row) === 'enabled' ? row.next_at : null),
      kind: 'time',
    },
    { title: 'failures', value: ({ failures }) => failures || '', align: 'right' },
    {
      title: 'state',
      value: scheduleState,
      tone: (row) => (scheduleState(row) === 'enabled' ? undefined : 'warning'),
    },
  ],
  empty: "No schedules yet: portolan schedule add nightly '30 2 * * *' --target NAME",
  toJson: scheduleJson,
});

/** A schedule as JSON. */
export function scheduleJson(schedule: Schedule): Readonly<Record<string, unknown>> {
  return {
    ...withIsoTimes(schedule, 'next_at', 'suspended_at', 'created_at', 'updated_at'),
    state: scheduleState(schedule),
  };
}

/** Whether a schedule starts scans. */
export function scheduleState({
  enabled,
  suspended_at: suspended,
}: Schedule): 'enabled' | 'disabled' | 'suspended' {
  if (!enabled) return 'disabled';
  return suspended === null ? 'enabled' : 'suspended';
}
