import type { ScanOs } from '../../core/events.ts';
import { double, host, integer, optional, text, time } from './columns.ts';
import type { Fact } from './fact.ts';
import { eventPerHost } from './read-rows.ts';

const columns = {
  addr: host,
  /** 0 for the best match. */
  place: integer,
  name: text,
  /** 0 … 1. */
  accuracy: double,
  family: optional(text),
  vendor: optional(text),
  generation: optional(text),
  device_type: optional(text),
  cpe: optional(text),
  t: time,
};

/** Operating system guesses for hosts. */
export const osMatches: Fact<ScanOs, typeof columns> = {
  table: 'os_matches',
  owner: 'scan',
  columns,
  key: ['addr', 'place'],
  merge: 'replace-host',
  events: ['scan.os'],
  rowsOf: ({ addr, matches, t }) => matches.map((match, place) => ({ addr, place, ...match, t })),
  eventsOf: (scan) =>
    eventPerHost(scan, osMatches, ({ addr, t }, rows) => {
      const matches = rows.map(({ addr: _addr, place: _place, t: _t, ...match }) => match);
      return { type: 'scan.os', run_id: scan.id, addr, matches, t };
    }),
};
