import { omitUndefined } from '../core/omit-undefined.ts';
import type { ScanEvent } from '../core/events.ts';
import { severities } from '../core/states.ts';
import {
  type AnyObject,
  asNumberTo,
  asObject,
  asPort,
  asText,
  asTexts,
  asTime,
  asWord,
  firstAddress,
} from './json-object.ts';
import { objectImporter, type RecordContext } from './records.ts';

/** `nuclei -jsonl`: one finding per line. */
export const nuclei = objectImporter({
  name: 'nuclei',
  title: 'nuclei (-jsonl)',
  matches: (line) => 'template-id' in line || 'templateID' in line,
  newParser: () => parseLine,
  isChecked: true,
});

function parseLine(line: AnyObject, context: RecordContext): readonly ScanEvent[] | string {
  const rule = asText(line['template-id'] ?? line['templateID']);
  if (rule === undefined) return 'it has no "template-id"';
  // With -matcher-status, checks without a match also have lines.
  if (line['matcher-status'] === false) return [];
  const info = asObject(line['info']) ?? {};
  const matchedAt = asText(line['matched-at'] ?? line['matched'] ?? line['host']) ?? '';
  const t = context.time(asTime(line['timestamp']));
  const found = asObject(info['classification']);
  return [
    {
      type: 'scan.finding',
      run_id: context.runId,
      ...placeOf(line, matchedAt),
      source: 'nuclei',
      rule,
      name: asText(info['name']) ?? rule,
      severity: asWord(severities, info['severity']) ?? 'unknown',
      matched_at: matchedAt,
      ...omitUndefined({
        matcher: asText(line['matcher-name'] ?? line['matcher_name']),
        description: asText(info['description'])?.trim(),
        tags: words(info['tags']),
        extracted: words(line['extracted-results']),
        cve: words(found?.['cve-id'])?.map((id) => id.toUpperCase()),
        cwe: words(found?.['cwe-id'])?.map((id) => id.toUpperCase()),
        cvss: asNumberTo(10, found?.['cvss-score']),
      }),
      t,
    },
  ];
}

/** The address that nuclei connected to; a finding about just a name has none. */
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

/** A list; older versions wrote comma-separated text. */
function words(value: unknown): string[] | undefined {
  const list = asTexts(value).flatMap((text) => (Array.isArray(value) ? text : text.split(',')));
  const found = list.map((word) => word.trim()).filter((word) => word !== '');
  return found.length > 0 ? found : undefined;
}
