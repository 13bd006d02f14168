import type { ScanEvent } from '../core/events.ts';
import { bannerEvent, statusEvent, unmasked } from './masscan-events.ts';
import { asPort, asTime } from './object.ts';
import { type RecordContext, recordReader } from './records.ts';

/** A time has ten digits: with fewer, the line is cut off in the middle of it. */
const statusLine = /^(open|closed|up|unknown) (\S+) (\d+) (\S+) (\d{10,})\s*$/;
const bannerLine = /^banner (\S+) (\d+) (\S+) (\d{10,}) (\S+) (.*?)\r?$/s;

/** `masscan -oL`: a status or a banner a line, apart by blanks; `#` begins a comment. */
export const readMasscanList = recordReader({
  name: 'masscan-list',
  newParser: () => parseRecord,
  isComplete: (line) => /^#\s*end/.test(line),
});

function parseRecord(text: string, context: RecordContext): readonly ScanEvent[] | string {
  const event = parseLine(text, context);
  if (typeof event === 'string') return event;
  return event ? [event] : [];
}

function parseLine(text: string, context: RecordContext): ScanEvent | string | undefined {
  const { runId } = context;
  const status = statusLine.exec(text);
  if (status) {
    const [, state, transport, port, addr, time] = status;
    const t = context.time(asTime(time));
    return statusEvent({ runId, addr, transport, port: asPort(port), t }, state, undefined);
  }
  const banner = bannerLine.exec(text);
  if (banner) {
    const [, transport, port, addr, time, protocol, said] = banner;
    const t = context.time(asTime(time));
    return bannerEvent(
      { runId, addr, transport, port: asPort(port), t },
      protocol,
      unmasked(said ?? ''),
    );
  }
  return /^\s*(#|$)/.test(text) ? undefined : 'no line of "masscan -oL"';
}
