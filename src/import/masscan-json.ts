import type { ScanEvent } from '../core/events.ts';
import { bannerEvent, statusEvent } from './masscan-events.ts';
import { parseMasscanObject } from './masscan-object.ts';
import { asObject, asPort, asTime, objectsOf } from './object.ts';
import { type RecordContext, recordReader } from './records.ts';

/** `masscan -oJ`: an array with an object a line. */
export const readMasscanJson = recordReader({
  name: 'masscan-json',
  newParser: () => parseRecord,
  isComplete: (line) => /\]\s*$|finished/.test(line),
});

function parseRecord(text: string, context: RecordContext): readonly ScanEvent[] | string {
  const line = parseMasscanObject(text);
  if (!line) return /^[\s[\],]*$/.test(text) ? [] : 'no JSON object';
  if ('finished' in line) return [];
  const t = context.time(asTime(line['timestamp']));
  const events: ScanEvent[] = [];
  for (const each of objectsOf(line['ports'])) {
    const at = { runId: context.runId, addr: line['ip'], transport: each['proto'], t };
    const place = { ...at, port: asPort(each['port']) };
    const service = asObject(each['service']);
    const event = service
      ? bannerEvent(place, service['name'], service['banner'])
      : statusEvent(place, each['status'], each['reason']);
    if (typeof event === 'string') return event;
    if (event) events.push(event);
  }
  return events;
}
