import type { Severity } from '../core/states.ts';
import { listFindings } from '../store/inventory/findings.ts';
import { cve, ports, scan, severity, since, targets } from './filters.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource, type Tone } from './resource.ts';

const tones: Readonly<Partial<Record<Severity, Tone>>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'warning',
  low: 'info',
};

export const findings = defineResource({
  filters: { hosts: targets, ports, scan, since, severity, cve },
  list: listFindings,
  order: 'severity, the most severe first',
  notes: 'Findings of checks such as those of nuclei. "portolan import" imports them.',
  examples: [{ targets: '10.0.0.0/24', severity: 'high' }, { cve: 'CVE-2021-44228' }],
  columns: [
    { title: 'severity', value: (row) => row.severity, tone: (row) => tones[row.severity] },
    { title: 'address', value: ({ address }) => address },
    { title: 'port', value: ({ port }) => port, align: 'right' },
    { title: 'rule', value: ({ rule, matcher }) => (matcher ? `${rule}:${matcher}` : rule) },
    { title: 'name', value: ({ name }) => name },
    { title: 'matched at', value: ({ matched_at: place }) => place },
    { title: 'cve', value: (row) => row.cve.join(' ') },
    { title: 'cvss', value: ({ cvss }) => cvss, align: 'right' },
    { title: 'seen', value: ({ seen }) => seen, kind: 'time' },
  ],
  empty: 'No findings. To import some: portolan import nuclei.jsonl',
  toJson: (row) => withIsoTimes(row, 'seen'),
});
