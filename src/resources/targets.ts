import type { ScanSettings } from '../core/scan-settings.ts';
import { pageOf } from '../store/keyset.ts';
import { listTargets, type ScanTarget } from '../store/setup/targets.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource } from './resource.ts';

export const targets = defineResource({
  filters: {},
  list: async (db, _filter, page) => pageOf(await listTargets(db), ({ name }) => name, page),
  order: 'name',
  examples: [{}],
  columns: [
    { title: 'target', value: ({ name }) => name },
    { title: 'addresses', value: (row) => row.targets.join(', ') },
    { title: 'settings', value: ({ settings }) => settingsText(settings) },
    { title: 'hours', value: hoursText },
    {
      title: 'state',
      value: ({ enabled }) => (enabled ? 'enabled' : 'disabled'),
      tone: ({ enabled }) => (enabled ? undefined : 'warning'),
    },
    { title: 'description', value: ({ description }) => description },
  ],
  empty: 'No targets yet: portolan target add office 192.168.1.0/24',
  toJson: targetJson,
});

/** A target as JSON. */
export function targetJson(target: ScanTarget): Readonly<Record<string, unknown>> {
  return withIsoTimes(target, 'created_at', 'updated_at');
}

/** Settings in a line of text. */
export function settingsText(settings: ScanSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

/** The hours in which a target may be scanned. */
export function hoursText({ hours }: Pick<ScanTarget, 'hours'>): string {
  return hours ? `${hours.allowed} (${hours.time_zone})` : '';
}
