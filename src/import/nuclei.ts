import { defined } from '../core/defined.ts';
import type { ScanEvent } from '../core/events.ts';
import { severities } from '../core/states.ts';
import { checked, firstAddress } from './checked.ts';
import { type AnyObject, asObject, asPort, asText, asTexts, asTime, asWord } from './object.ts';
import { objectReader, type RecordContext } from './records.ts';

/** `nuclei -jsonl`: a finding a line. */
export const readNuclei = objectReader('nuclei', () => parseRecord);

function parseRecord(line: AnyObject, context: RecordContext): readonly ScanEvent[] | string {
  const rule = asText(line['template-id'] ?? line['templateID']);
  if (rule === undefined) return 'it has no "template-id"';
  // With -matcher-status, checks that found nothing are lines too.
  if (line['matcher-status'] === false) return [];
  const info = asObject(line['info']) ?? {};
  const matchedAt = asText(line['matched-at'] ?? line['matched'] ?? line['host']) ?? '';
  const place = placeOf(line, matchedAt);
  const t = context.time(asTime(line['timestamp']));
  const name = asText(info['name']) ?? rule;
  const severity = asWord(severities, asText(info['severity'])) ?? 'unknown';
  const event = checked({
    type: 'scan.finding',
    run_id: context.runId,
    ...place,
    source: 'nuclei',
    rule,
    name,
    severity,
    matched_at: matchedAt,
    ...defined({
      matcher: asText(line['matcher-name'] ?? line['matcher_name']),
      description: asText(info['description'])?.trim(),
      tags: words(info['tags']),
      extracted: words(line['extracted-results']),
      ...classes(asObject(info['classification'])),
    }),
    t,
  });
  return typeof event === 'string' ? event : [event];
}

/** The address that nuclei spoke to; a finding of a name alone has none. */
function placeOf(
  line: AnyObject,
  matchedAt: string,
): { addr?: string; transport?: 'tcp'; port?: number } {
  const url = urlOf(matchedAt) ?? urlOf(asText(line['url']) ?? '') ?? urlOf(`x://${matchedAt}`);
  const addr = firstAddress([line['ip'], url?.hostname, line['host']]);
  if (addr === undefined) return {};
  const usual = { 'http:': 80, 'https:': 443 }[url?.protocol ?? ''];
  const port = asPort(line['port']) ?? (url?.port ? asPort(url.port) : usual);
  return port === undefined ? { addr } : { addr, transport: 'tcp', port };
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Lists; older versions wrote texts with commas. */
function words(value: unknown): string[] | undefined {
  const list = asTexts(value).flatMap((text) => (Array.isArray(value) ? text : text.split(',')));
  const found = list.map((word) => word.trim()).filter((word) => word !== '');
  return found.length > 0 ? found : undefined;
}

function classes(value: AnyObject | undefined): { cve?: string[]; cwe?: string[]; cvss?: number } {
  const score = Number(value?.['cvss-score'] ?? Number.NaN);
  return defined({
    cve: upperWords(value?.['cve-id']),
    cwe: upperWords(value?.['cwe-id']),
    cvss: score >= 0 && score <= 10 ? score : undefined,
  });
}

function upperWords(value: unknown): string[] | undefined {
  return words(value)?.map((word) => word.toUpperCase());
}
