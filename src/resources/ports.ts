import { listPorts, type PortRow } from '../store/inventory/ports.ts';
import { ports as portsFilter, portState, scan, service, since, targets } from './filters.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource } from './resource.ts';
import { stateTone } from './tones.ts';

export const ports = defineResource({
  filters: {
    hosts: targets,
    ports: portsFilter,
    state: portState,
    service,
    scan,
    since,
  },
  list: listPorts,
  order: 'address, transport and port',
  notes: `Without --scan: what is known now, from all scans together. A service with a "?" is a guess from
the port number.`,
  examples: [
    { targets: '10.0.0.0/24', port: '80,443', state: 'open' },
    { service: 'openssh', since: '7d' },
    { scan: 'last' },
  ],
  columns: [
    { title: 'address', value: ({ address }) => address },
    { title: 'hostname', value: ({ hostname }) => hostname },
    { title: 'port', value: ({ port }) => port, align: 'right' },
    { title: 'proto', value: ({ transport }) => (transport === 'tcp' ? '' : transport) },
    { title: 'state', value: ({ state }) => state, tone: stateTone },
    {
      title: 'service',
      value: serviceText,
      tone: ({ method }) => (method === 'port' ? 'muted' : undefined),
    },
    { title: 'product', value: ({ product }) => product },
    { title: 'version', value: ({ version }) => version },
    { title: 'info', value: ({ title, extra_info: extra }) => title ?? extra, tone: () => 'muted' },
  ],
  empty: 'No ports. To find some: portolan scan localhost',
  toJson: (row) => withIsoTimes(row, 'first_seen', 'last_seen'),
});

/** A guess from the port number has a question mark. */
function serviceText({ service: name, method }: PortRow): string | null {
  if (name === null || name === 'unknown') return null;
  return method === 'port' ? `${name}?` : name;
}
