import { type AnyObject, parseObject } from './object.ts';

/**
 * The object of a line of `masscan -oJ`, the commas and brackets around it taken away. Old versions
 * left names unquoted, a comma behind the last object, `{finished: 1}` at the end or nothing.
 */
export function parseMasscanObject(text: string): AnyObject | undefined {
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
