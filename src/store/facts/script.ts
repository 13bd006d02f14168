import type { ScanScript } from '../../core/events.ts';
import type { Transport } from '../../core/states.ts';
import { host, integer, json, optional, text, time, word } from './columns.ts';
import type { Fact } from './fact.ts';
import { eventPerRow } from './read-rows.ts';

const columns = {
  addr: host,
  /** '', with port 0, for a script that ran against the host. */
  transport: word<Transport | ''>(),
  port: integer,
  script: text,
  output: text,
  data: optional(json<ScanScript['data']>()),
  t: time,
};

/** Script output about ports and hosts. */
export const scripts: Fact<ScanScript, typeof columns> = {
  table: 'script_results',
  owner: 'scan',
  columns,
  key: ['addr', 'transport', 'port', 'script'],
  merge: 'newest',
  count: 'script_results',
  events: ['scan.script'],
  rowsOf: (event) => [{ ...event, transport: event.transport ?? '', port: event.port ?? 0 }],
  eventsOf: (scan) =>
    eventPerRow(scan, scripts, ({ addr, transport, port, ...row }) => {
      const place = transport === '' ? {} : { transport, port };
      return { type: 'scan.script', run_id: scan.id, addr, ...place, ...row };
    }),
};
