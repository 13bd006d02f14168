import { listHosts } from '../store/inventory/hosts.ts';
import { hostState, scan, since, targets } from './filters.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource } from './resource.ts';
import { stateTone } from './tones.ts';

export const hosts = defineResource({
  filters: { hosts: targets, scan, since, state: hostState },
  list: listHosts,
  order: 'address',
  examples: [{ targets: '10.0.0.0/16', state: 'up', since: '7d' }, { scan: 'last' }],
  columns: [
    { title: 'address', value: ({ address }) => address },
    { title: 'hostname', value: ({ hostname }) => hostname },
    { title: 'state', value: ({ state }) => state, tone: stateTone },
    { title: 'reason', value: ({ reason }) => reason },
    { title: 'open', value: ({ open_ports: open }) => open, align: 'right' },
    { title: 'mac', value: ({ mac }) => mac },
    { title: 'vendor', value: ({ vendor }) => vendor },
    { title: 'os', value: ({ os_family: os }) => os },
    { title: 'suspect', value: ({ suspect }) => suspect, tone: () => 'warning' },
    { title: 'first seen', value: ({ first_seen: at }) => at, kind: 'time' },
    { title: 'last up', value: ({ last_seen: at }) => at, kind: 'time' },
  ],
  empty: 'No hosts. To find some: portolan discover 192.168.1.0/24',
  toJson: (row) => withIsoTimes(row, 'first_seen', 'last_seen'),
});
