import { hostPort } from '../core/scope.ts';
import { type CertificateRow, listCertificates } from '../store/inventory/certificates.ts';
import { expiresBefore, scan, since, targets } from './filters.ts';
import { withIsoTimes } from './iso-time.ts';
import { defineResource, type Tone } from './resource.ts';

export const certificates = defineResource({
  filters: { hosts: targets, scan, since, expiresBefore },
  list: listCertificates,
  order: 'expiry, the next to expire first',
  notes: 'Certificates that servers present as their own.',
  examples: [{ expiring: '30' }, { targets: '10.0.0.0/24' }],
  columns: [
    { title: 'expires', value: (row) => row.not_after, kind: 'time', tone: expiryTone },
    { title: 'subject', value: ({ subject }) => subject },
    { title: 'issuer', value: (row) => (row.is_self_signed ? '(self-signed)' : row.issuer) },
    { title: 'names', value: ({ names }) => names.join(', ') },
    { title: 'key', value: ({ key_type: type, key_bits: bits }) => [type, bits].join(' ').trim() },
    { title: 'seen at', value: ({ address, port }) => hostPort(address, port) },
    { title: 'ports', value: ({ seen_at: count }) => count, align: 'right' },
  ],
  empty: 'No certificates. To find some: portolan scan localhost',
  toJson: ({ address, port, ...row }) => ({
    ...withIsoTimes(row, 'not_before', 'not_after', 'first_seen', 'last_seen'),
    place: hostPort(address, port),
  }),
});

const monthMs = 30 * 86_400_000;

function expiryTone({ not_after: at }: CertificateRow): Tone | undefined {
  if (at < Date.now()) return 'bad';
  return at < Date.now() + monthMs ? 'warning' : undefined;
}
