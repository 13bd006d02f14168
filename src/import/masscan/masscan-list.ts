import type { ScanEvent } from '../../core/events.ts';
import { asPort, asTime } from '../json-object.ts';
import { type RecordContext, recordImporter } from '../records.ts';
import { firstLines } from '../sniff.ts';
import { bannerEvents, statusEvents, unmasked } from './masscan-events.ts';

/** A time has ten digits; with fewer, the line is truncated. */
const statusLine = /^(open|closed|up|unknown) (\S+) (\d+) (\S+) (\d{10,})\s*$/;
const bannerLine = /^banner (\S+) (\d+) (\S+) (\d{10,}) (\S+) (.*?)\r?$/s;

/** `masscan -oL`: a status or a banner per line, fields separated by spaces; `#` starts a comment. */
export const masscanList = recordImporter({
  name: 'masscan-list',
  title: 'masscan list (-oL)',
  sniff: (head) =>
    firstLines(head).some((line) =>
      /^((open|closed|up|unknown) \S+ \d+ \S+ \d+\s*$|banner \S+ \d+ \S+ \d+ \S)/.test(line),
    ),
  newParser: () => parseRecord,
  isComplete: (line) => /^#\s*end/.test(line),
});

function parseRecord(text: string, context: RecordContext): readonly ScanEvent[] | string {
  const place = (transport?: string, port?: string, addr?: string, time?: string) => ({
    runId: context.runId,
    addr,
    transport,
    port: asPort(port),
    t: context.time(asTime(time)),
  });
  const [, state, ...status] = statusLine.exec(text) ?? [];
  if (state !== undefined) {
    const [transport, port, addr, time] = status;
    return statusEvents(place(transport, port, addr, time), state, undefined);
  }
  const [, transport, port, addr, time, protocol, said] = bannerLine.exec(text) ?? [];
  if (said !== undefined) {
    return bannerEvents(place(transport, port, addr, time), protocol, unmasked(said));
  }
  return /^\s*(#|$)/.test(text) ? [] : 'not a line of "masscan -oL"';
}
