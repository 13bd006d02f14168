import type { ScanEvent } from '../core/events.ts';
import { bannerEvent, statusEvent } from './masscan-events.ts';
import { asObject, asPort, asTime, parseObject } from './object.ts';
import { type RecordContext, recordImporter } from './records.ts';
import { firstObject } from './sniff.ts';

/** `masscan -oD`: an object a line, which says whether it is a status or a banner. */
export const masscanNdjson = recordImporter({
  name: 'masscan-ndjson',
  title: 'masscan NDJSON (-oD)',
  sniff: (head) => firstObject(head)?.['rec_type'] !== undefined,
  newParser: () => parseMasscanRecord,
});

/** The events of a line of `masscan -oD`, or what is wrong with it. */
export function parseMasscanRecord(
  text: string,
  context: RecordContext,
): readonly ScanEvent[] | string {
  const line = parseObject(text);
  if (!line) return /^\s*$/.test(text) ? [] : 'no JSON object';
  const data = asObject(line['data']) ?? {};
  const place = {
    runId: context.runId,
    addr: line['ip'],
    transport: line['proto'],
    port: asPort(line['port']),
    t: context.time(asTime(line['timestamp'])),
  };
  const event =
    line['rec_type'] === 'banner'
      ? bannerEvent(place, data['service_name'] ?? data['name'], data['banner'])
      : statusEvent(place, data['status'], data['reason']);
  if (typeof event === 'string') return event;
  return event ? [event] : [];
}
