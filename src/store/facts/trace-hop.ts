import { canonicalAddress } from '../../core/address.ts';
import type { ScanTrace } from '../../core/events.ts';
import { double, host, integer, optional, text, time } from './columns.ts';
import type { Fact } from './fact.ts';
import { eventPerHost } from './read-rows.ts';

const columns = {
  /** The destination host. */
  addr: host,
  ttl: integer,
  /** The hop's address. */
  address: text,
  rtt_ms: optional(double),
  hostname: optional(text),
  t: time,
};

/** Traceroute hops that answered. */
export const traceHops: Fact<ScanTrace, typeof columns> = {
  table: 'trace_hops',
  owner: 'scan',
  columns,
  key: ['addr', 'ttl'],
  merge: 'replace-host',
  events: ['scan.trace'],
  rowsOf: ({ addr, hops, t }) =>
    hops.map(({ addr: address, ...hop }) => {
      return { ...hop, addr, address: canonicalAddress(address), t };
    }),
  eventsOf: (scan) =>
    eventPerHost(scan, traceHops, ({ addr, t }, rows) => {
      const hops = rows.map(({ ttl, address, rtt_ms, hostname }) => {
        return { ttl, addr: address, rtt_ms, hostname };
      });
      return { type: 'scan.trace', run_id: scan.id, addr, hops, t };
    }),
};
