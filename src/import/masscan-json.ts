import type { ScanEvent } from '../core/events.ts';
import { bannerEvent, statusEvent } from './masscan-events.ts';
import { type AnyObject, asObject, asPort, asTime, objectsOf, parseObject } from './object.ts';
import { type RecordContext, recordImporter } from './records.ts';
import { firstLines } from './sniff.ts';

/**
 * `masscan -oJ`: an array with an object a line. Old versions left names unquoted, a comma behind
 * the last object, `{finished: 1}` at the end or nothing.
 */
export const masscanJson = recordImporter({
  name: 'masscan-json',
  title: 'masscan JSON (-oJ)',
  sniff: (head) =>
    firstLines(head).some((line) => {
      const object = parseLine(line);
      return object !== undefined && 'ip' in object && Array.isArray(object['ports']);
    }),
  newParser: () => parseRecord,
  isComplete: (line) => /\]\s*$|finished/.test(line),
});

function parseRecord(text: string, context: RecordContext): readonly ScanEvent[] | string {
  const line = parseLine(text);
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

/** The object of a line, the commas and brackets around it taken away. */
function parseLine(text: string): AnyObject | undefined {
  const from = text.indexOf('{');
  const to = text.lastIndexOf('}');
  if (from < 0 || to < from) return undefined;
  const bare = text.slice(from, to + 1);
  return parseObject(bare) ?? parseObject(mended(bare));
}

/** Names in quotes, no comma before a bracket; texts stay as they are. */
function mended(text: string): string {
  return text.replace(
    /"(?:[^"\\]|\\.)*"|([{,]\s*)([a-z_]\w*)(\s*:)|,(\s*[}\]])/gi,
    (all, before?: string, name?: string, colon?: string, bracket?: string) =>
      name === undefined ? (bracket ?? all) : `${before}"${name}"${colon}`,
  );
}
