import { longestText } from '../../core/event-limits.ts';
import type { ScanScript } from '../../core/events.ts';
import type { XmlElement } from './xml-tree.ts';

type Json = NonNullable<ScanScript['data']>;
type JsonValue = Json[keyof Json] | string;

/** What a script printed, and made of it. */
export type ScriptResult = Pick<ScanScript, 'data' | 'output' | 'script'>;

/** What a `<script>` printed, as text and, where it says so, as data. */
export function scriptOf(script: XmlElement): ScriptResult {
  const data = dataOf(script);
  return {
    script: script.attributes['id'] ?? 'unknown',
    output: (script.attributes['output'] ?? '').slice(0, longestText),
    ...(data !== undefined && { data }),
  };
}

/** The certificate of a server that the script `ssl-cert` met, PEM. */
export function certificateOf({ script, data }: ScriptResult): string | undefined {
  if (script !== 'ssl-cert' || data === undefined || Array.isArray(data)) return undefined;
  const { pem } = data;
  return typeof pem === 'string' && pem.includes('BEGIN CERTIFICATE') ? pem : undefined;
}

/**
 * Tables as objects by their keys, or as arrays where nothing in them has one; in a table that has
 * both, what has no key goes by its place.
 */
function dataOf(element: XmlElement): Json | undefined {
  const members = element.children.filter(({ name }) => name === 'table' || name === 'elem');
  if (members.length === 0) return undefined;
  const values = members.map((each): [string | undefined, JsonValue] => [
    each.attributes['key'],
    each.name === 'elem' ? each.text : (dataOf(each) ?? []),
  ]);
  if (values.every(([key]) => key === undefined)) return values.map(([, value]) => value) as Json;
  return Object.fromEntries(values.map(([key, value], i) => [key ?? String(i), value])) as Json;
}
