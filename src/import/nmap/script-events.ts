import { longestText } from '../../core/event-limits.ts';
import type { ScanScript } from '../../core/events.ts';
import type { ScriptResult } from './port-facts.ts';
import type { XmlElement } from './xml-tree.ts';

type Json = Extract<NonNullable<ScanScript['data']>, unknown[]>[number];

/** The output of a `<script>`, as text and, if it has tables, as data. */
export function scriptOf(script: XmlElement): ScriptResult {
  const data = dataOf(script);
  return {
    script: script.attributes['id'] ?? 'unknown',
    output: (script.attributes['output'] ?? '').slice(0, longestText),
    ...(data !== undefined && { data }),
  };
}

/** The certificate that the script `ssl-cert` got from a server, PEM. */
export function certificateOf({ script, data }: ScriptResult): string | undefined {
  if (script !== 'ssl-cert' || data === undefined || Array.isArray(data)) return undefined;
  const { pem } = data;
  return typeof pem === 'string' && pem.includes('BEGIN CERTIFICATE') ? pem : undefined;
}

/**
 * Tables become objects by key, or arrays if no member has a key. In a table with both, members
 * without a key are named by their index.
 */
function dataOf(element: XmlElement): Json[] | Record<string, Json> | undefined {
  const members = element.children.filter(({ name }) => name === 'table' || name === 'elem');
  if (members.length === 0) return undefined;
  const valueOf = (each: XmlElement): Json =>
    each.name === 'elem' ? each.text : (dataOf(each) ?? []);
  if (members.every(({ attributes }) => attributes['key'] === undefined)) {
    return members.map(valueOf);
  }
  return Object.fromEntries(
    members.map((each, i) => [each.attributes['key'] ?? String(i), valueOf(each)]),
  );
}
