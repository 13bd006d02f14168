import type { ScanEvent } from '../../core/events.ts';
import {
  type AnyObject,
  asObject,
  asPort,
  asTime,
  objectsOf,
  parseObject,
} from '../json-object.ts';
import { type RecordContext, recordImporter } from '../records.ts';
import { firstLines } from '../sniff.ts';
import { bannerEvents, statusEvents } from './masscan-events.ts';

/** `masscan -oJ`: an array with one object per line. */
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
  if (!line) return /^[\s[\],]*$/.test(text) ? [] : 'not a JSON object';
  if ('finished' in line) return [];
  const t = context.time(asTime(line['timestamp']));
  const events: ScanEvent[] = [];
  for (const each of objectsOf(line['ports'])) {
    const at = { runId: context.runId, addr: line['ip'], transport: each['proto'], t };
    const place = { ...at, port: asPort(each['port']) };
    const service = asObject(each['service']);
    const found = service
      ? bannerEvents(place, service['name'], service['banner'])
      : statusEvents(place, each['status'], each['reason']);
    if (typeof found === 'string') return found;
    events.push(...found);
  }
  return events;
}

/**
 * The object of a line, without the commas and brackets around it. Old versions left names unquoted,
 * a comma after the last object, and `{finished: 1}` or nothing at the end.
 */
function parseLine(text: string): AnyObject | undefined {
  const from = text.indexOf('{');
  const to = text.lastIndexOf('}');
  if (from < 0 || to < from) return undefined;
  const bare = text.slice(from, to + 1);
  return parseObject(bare) ?? parseObject(repaired(bare));
}

/** Quotes names and removes commas before brackets; strings stay unchanged. */
function repaired(text: string): string {
  return text.replace(
    /"(?:[^"\\]|\\.)*"|([{,]\s*)([a-z_]\w*)(\s*:)|,(\s*[}\]])/gi,
    (all, before?: string, name?: string, colon?: string, bracket?: string) =>
      name === undefined ? (bracket ?? all) : `${before}"${name}"${colon}`,
  );
}
