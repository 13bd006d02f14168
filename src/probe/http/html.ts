import { TextDecoder } from 'node:util';

/** How far into a page its head is searched. */
const maxSearched = 131_072;
const maxTitle = 512;

/** The decoded text of a page: the charset of its header, of its `<meta>`, or UTF-8. */
export function decodeText(body: Uint8Array, contentType: string | undefined): string {
  const start = body.subarray(0, maxSearched);
  const fromHeader = charsetIn(contentType ?? '');
  const head = Buffer.from(start.subarray(0, 2048)).toString('latin1');
  const fromMeta = /<meta\b[^>]{0,300}/i.test(head) ? charsetIn(head) : undefined;
  return decoderFor(fromHeader ?? fromMeta ?? 'utf-8').decode(start);
}

function charsetIn(text: string): string | undefined {
  return /charset\s{0,5}=\s{0,5}["']?([\w.:-]{1,40})/i.exec(text)?.[1];
}

function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder('utf-8');
  }
}

/** The page's title on one line, entities decoded; undefined where it has none. */
export function titleOf(html: string): string | undefined {
  const begin = /<title(?:\s[^>]{0,200})?>/i.exec(html.slice(0, maxSearched));
  if (!begin) return undefined;
  const from = begin.index + begin[0].length;
  // Eight characters an entity, and some for white space.
  const rest = html.slice(from, from + maxTitle * 8);
  const end = rest.search(/<\/title/i);
  const text = decodeEntities(end === -1 ? rest : rest.slice(0, end))
    .replaceAll(/[\p{Cc}\p{Cf}\p{Z}]+/gu, ' ')
    .trim();
  if (text === '') return undefined;
  return text.length <= maxTitle ? text : `${text.slice(0, maxTitle - 1).toWellFormed()}…`;
}

/** Longer tags are passed over. */
const maxTag = 2000;
const tagStart = /<(link|meta|script)[\s/]/gi;
const attributePattern = /([a-z][\w:-]{0,40})\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi;

const tagNames = ['link', 'meta', 'script'] as const;

/** A tag of a page's head, attributes by name in lower case. */
export interface Tag {
  readonly name: (typeof tagNames)[number];
  readonly attributes: ReadonlyMap<string, string>;
}

/** The first `limit` link, meta and script tags. */
export function tagsOf(html: string, limit = 200): Tag[] {
  const tags: Tag[] = [];
  const searched = html.slice(0, maxSearched);
  for (const match of searched.matchAll(tagStart)) {
    const end = searched.indexOf('>', match.index);
    if (end === -1 || tags.length >= limit) break;
    if (end - match.index > maxTag) continue;
    const name = tagNames.find((one) => one === match[1]?.toLowerCase());
    if (name) tags.push({ name, attributes: attributesOf(searched.slice(match.index, end)) });
  }
  return tags;
}

function attributesOf(tag: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, key = '', a, b, c] of tag.matchAll(attributePattern)) {
    const name = key.toLowerCase();
    if (!attributes.has(name)) attributes.set(name, decodeEntities(a ?? b ?? c ?? ''));
  }
  return attributes;
}

/** What `<link rel="icon">` points to, as written. */
export function iconLink(tags: readonly Tag[]): string | undefined {
  const link = tags.find(
    ({ name, attributes }) =>
      name === 'link' && /(^|\s)icon(\s|$)/i.test(attributes.get('rel') ?? ''),
  );
  return link?.attributes.get('href')?.trim();
}

/** The named entities that titles use, each before its character. */
const entityTable = `
  amp & lt < gt > quot " apos ' nbsp \u00a0 copy © reg ® trade ™ ndash – mdash — hellip …
  laquo « raquo » lsaquo ‹ rsaquo › lsquo ‘ rsquo ’ ldquo “ rdquo ” bull • middot · rarr → larr ←
  auml ä ouml ö uuml ü Auml Ä Ouml Ö Uuml Ü szlig ß eacute é egrave è agrave à ccedil ç ntilde ñ
  oacute ó aacute á iacute í deg ° euro € times ×`;
const namedEntities: ReadonlyMap<string, string> = new Map(
  [...entityTable.matchAll(/(\w+) ([^ ])/g)].map(([, name = '', text = '']) => [name, text]),
);

/** Decodes numeric entities and the named ones that titles use; others stay as written. */
export function decodeEntities(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));?/gi,
    (all, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
      if (name !== undefined) return namedEntities.get(name) ?? all;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      return isCharacter ? String.fromCodePoint(code) : '\ufffd';
    },
  );
}
