import type { ScanTls, WebEndpoint } from '../../core/events.ts';
import { time } from './columns.ts';
import type { Fact } from './fact.ts';
import { certificateContents } from './parse-certificate.ts';
import { readChain } from './tls-chain.ts';

const columns = { ...certificateContents, first_seen: time, last_seen: time };

/** The certificates of every chain, each stored once. Handshakes refer to them by hash. */
export const certificates: Fact<ScanTls | WebEndpoint, typeof columns> = {
  table: 'certificates',
  owner: 'tenant',
  columns,
  key: ['sha256'],
  merge: 'widen-times',
  events: ['scan.tls', 'web.endpoint'],
  rowsOf: (event) =>
    readChain(event).certificates.map((certificate) => {
      return { ...certificate, first_seen: event.t, last_seen: event.t };
    }),
};
