import { listWeb } from '../store/inventory/web.ts';
import { ports, scan, since, targets } from './filters.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource } from './resource.ts';

export const web = defineResource({
  filters: { hosts: targets, ports, scan, since },
  list: listWeb,
  order: 'address, port and URL',
  examples: [{ targets: '10.0.0.0/24', port: '443' }, { scan: 'last' }],
  columns: [
    { title: 'address', value: ({ address }) => address },
    { title: 'url', value: ({ url }) => url },
    {
      title: 'status',
      value: ({ status }) => status,
      align: 'right',
      tone: ({ status }) => (status < 300 ? 'good' : status < 400 ? 'info' : 'warning'),
    },
    { title: 'title', value: ({ title, location }) => title ?? (location && `→ ${location}`) },
    { title: 'server', value: ({ server }) => server },
    { title: 'h2', value: ({ h2 }) => (h2 ? 'h2' : '') },
    { title: 'tls', value: ({ tls_version: version }) => version },
    { title: 'technologies', value: ({ tech_tags: tags }) => tags.join(', ') },
    { title: 'seen', value: ({ seen }) => seen, kind: 'time' },
  ],
  empty: 'No web pages. To find some: portolan scan localhost',
  toJson: (row) => withIsoTimes(row, 'seen'),
});
