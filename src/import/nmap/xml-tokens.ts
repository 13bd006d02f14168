/** The beginning of an element. */
export interface TagToken {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** `<name/>`: it has no end tag. */
  readonly isEmpty: boolean;
}

/** Receives the parts of a text. */
export interface XmlTokens {
  begin(tag: TagToken): void;
  end(name: string): void;
  /** Text between tags, with unresolved references. */
  text(raw: string): void;
  /** Something that starts like a tag but is not; parsing continues at the next one. */
  fault(message: string): void;
}

/** Start and end markers of ignored parts. */
const ignored = [
  ['<!--', '-->'],
  ['<?', '?>'],
] as const;
const cdata = '<![CDATA[';
/** The longest start marker. */
const longestMark = cdata.length;

/**
 * Splits XML into tags and texts in one pass. It does not support document types, so no entity can
 * expand or fetch anything.
 *
 * @param whole called first at each `<`; returns the end of the element there if it was consumed
 *   as a whole
 * @returns how far the buffer was read; the rest needs more input
 */
export function readTokens(
  buffer: string,
  tokens: XmlTokens,
  whole?: (from: number) => number | undefined,
): number {
  let at = 0;
  for (;;) {
    const tag = buffer.indexOf('<', at);
    if (tag < 0) return at;
    if (tag > at) tokens.text(buffer.slice(at, tag));
    const next = whole?.(tag) ?? readMarkup(buffer, tag, tokens);
    if (next === undefined) return tag;
    at = next;
  }
}

/** @returns the end of the token at `from`; undefined if the buffer ends first */
function readMarkup(buffer: string, from: number, tokens: XmlTokens): number | undefined {
  const second = buffer.charCodeAt(from + 1);
  if (second === code['!'] || second === code['?']) return readIgnored(buffer, from, tokens);
  if (second !== code['/']) return readTag(buffer, from, tokens);
  const end = buffer.indexOf('>', from);
  if (end < 0) return undefined;
  tokens.end(buffer.slice(from + 2, end).trimEnd());
  return end + 1;
}

function readIgnored(buffer: string, from: number, tokens: XmlTokens): number | undefined {
  if (buffer.length - from < longestMark) return undefined;
  if (buffer.startsWith(cdata, from)) {
    const end = buffer.indexOf(']]>', from);
    if (end < 0) return undefined;
    tokens.text(buffer.slice(from + cdata.length, end).replaceAll('&', '&amp;'));
    return end + 3;
  }
  const [, mark] = ignored.find(([begin]) => buffer.startsWith(begin, from)) ?? ['', '>'];
  const end = buffer.indexOf(mark, from);
  return end < 0 ? undefined : end + mark.length;
}

const code = {
  '!': 33,
  '"': 34,
  "'": 39,
  '/': 47,
  '<': 60,
  '=': 61,
  '>': 62,
  '?': 63,
} as const;
const space = 32;

/** Reads `<name key="value" …>`; all characters up to U+0020 count as blanks. */
function readTag(buffer: string, from: number, tokens: XmlTokens): number | undefined {
  const { length } = buffer;
  let at = endOfName(buffer, from + 1);
  if (at >= length) return undefined;
  const name = buffer.slice(from + 1, at);
  if (name === '') return fault(tokens, from, '"<" does not start a tag');
  const attributes: Record<string, string> = {};
  for (;;) {
    while (buffer.charCodeAt(at) <= space) at++;
    if (at >= length) return undefined;
    const char = buffer.charCodeAt(at);
    if (char === code['>']) {
      tokens.begin({ name, attributes, isEmpty: false });
      return at + 1;
    }
    if (char === code['/']) {
      if (at + 1 >= length) return undefined;
      if (buffer.charCodeAt(at + 1) !== code['>'])
        return fault(tokens, from, `<${name} is malformed`);
      tokens.begin({ name, attributes, isEmpty: true });
      return at + 2;
    }
    const equals = endOfName(buffer, at);
    if (equals + 1 >= length) return undefined;
    const quote = buffer.charCodeAt(equals + 1);
    const isQuoted = quote === code['"'] || quote === code["'"];
    if (equals === at || buffer.charCodeAt(equals) !== code['='] || !isQuoted) {
      return fault(tokens, from, `<${name} is malformed`);
    }
    const end = buffer.indexOf(quote === code['"'] ? '"' : "'", equals + 2);
    if (end < 0) return undefined;
    const raw = buffer.slice(equals + 2, end);
    if (raw.includes('<'))
      return fault(tokens, from, `<${name} is malformed: a quote is not closed`);
    attributes[buffer.slice(at, equals)] = attributeValue(raw);
    at = end + 1;
  }
}

/** The end of the name that starts at a position. */
function endOfName(buffer: string, from: number): number {
  let at = from;
  for (; at < buffer.length; at++) {
    const char = buffer.charCodeAt(at);
    if (char <= space || char === code['=']) break;
    if (char === code['>'] || char === code['/'] || char === code['<']) break;
    if (char === code['"'] || char === code["'"]) break;
  }
  return at;
}

/** Parsing continues after the `<`, because the next one may start a tag. */
function fault(tokens: XmlTokens, from: number, message: string): number {
  tokens.fault(message.slice(0, 200));
  return from + 1;
}

/** Line breaks and tabs in an attribute are blanks, unless they are written as references. */
function attributeValue(raw: string): string {
  return unescapeXml(/[\t\n\r]/.test(raw) ? raw.replace(/\r\n|[\t\n\r]/g, ' ') : raw);
}

const named: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

/** Resolves XML's own five entities and character references; all others stay as they are. */
export function unescapeXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:(\w{2,4})|#(\d{1,7})|#x([0-9a-f]{1,6}));/gi,
    (whole: string, name?: string, decimal?: string, hex?: string) => {
      if (name !== undefined) return named[name] ?? whole;
      const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return point <= 0x10_ffff ? String.fromCodePoint(point) : whole;
    },
  );
}
