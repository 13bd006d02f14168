export type Attributes = Readonly<Record<string, string | number>>;

/** The start tag of an element. */
export function open(name: string, attributes: Attributes): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(`${value}`)}"`);
  return `<${name}${list.join('')}>`;
}

/** An empty element. */
export function empty(name: string, attributes: Attributes): string {
  return `${open(name, attributes).slice(0, -1)}/>`;
}

/** XML cannot contain most control characters, so they are written as `\x01`, as nmap does. */
// oxlint-disable-next-line no-control-regex
const outside = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#xa;',
  '\r': '&#xd;',
  '\t': '&#x9;',
};

/** Escapes a text for XML content or attributes. */
export function escape(text: string): string {
  return text
    .replace(outside, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(/[&<>"\n\r\t]/g, (c) => entities[c] ?? c);
}
