import type { ScanEvent } from '../core/events.ts';
import { bannerEvent, statusEvent } from './masscan-events.ts';
import { type AnyObject, asObject, asPort, asTime } from './object.ts';
import { objectParser, objectReader, type RecordContext } from './records.ts';

/** `masscan -oD`: an object a line, which says whether it is a status or a banner. */
export const readMasscanNdjson = objectReader('masscan-ndjson', () => masscanEvents);

/** The events of a line of `masscan -oD`, or what is wrong with it. */
export const parseMasscanRecord = objectParser(masscanEvents);

function masscanEvents(line: AnyObject, context: RecordContext): readonly ScanEvent[] | string {
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
