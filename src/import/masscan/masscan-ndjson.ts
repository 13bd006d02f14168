import type { ScanEvent } from '../../core/events.ts';
import { type AnyObject, asObject, asPort, asTime } from '../json-object.ts';
import { objectImporter, objectParser, type RecordContext } from '../records.ts';
import { bannerEvents, statusEvents } from './masscan-events.ts';

/** `masscan -oD`: one object per line, either a status or a banner. */
export const masscanNdjson = objectImporter({
  name: 'masscan-ndjson',
  title: 'masscan NDJSON (-oD)',
  matches: (line) => line['rec_type'] !== undefined,
  newParser: () => parseLine,
});

/** The events of a line of `masscan -oD`, or the error in it. */
export const parseMasscanRecord = objectParser(parseLine);

function parseLine(line: AnyObject, context: RecordContext): readonly ScanEvent[] | string {
  const data = asObject(line['data']) ?? {};
  const place = {
    runId: context.runId,
    addr: line['ip'],
    transport: line['proto'],
    port: asPort(line['port']),
    t: context.time(asTime(line['timestamp'])),
  };
  return line['rec_type'] === 'banner'
    ? bannerEvents(place, data['service_name'] ?? data['name'], data['banner'])
    : statusEvents(place, data['status'], data['reason']);
}
