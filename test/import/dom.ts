/** An element of a small XML document. */
export interface Element {
  readonly name: string;
  readonly at: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

function unescape(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex as string, 16));
    return decimal ? String.fromCodePoint(Number(decimal)) : (entities[name as string] ?? '');
  });
}

/** A whole, well-formed document, read without the reader that is tested. */
export function parseDocument(xml: string): Element {
  const root: Element = { name: '', at: {}, children: [], text: '' };
  const open = [root];
  const token =
    /<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>]*>|<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"]*")*)\s*(\/?)>|[^<]+/gs;
  for (const [all, close, name, attributes, isEmpty] of xml.matchAll(token)) {
    const parent = open.at(-1)!;
    if (name === undefined) {
      if (!all.startsWith('<')) parent.text += unescape(all);
    } else if (close) {
      open.pop();
    } else {
      const pairs = [...(attributes ?? '').matchAll(/([\w:-]+)="([^"]*)"/g)];
      // Line breaks in attributes are blanks, unless written as references.
      const at = Object.fromEntries(
        pairs.map(([, key, value]) => [key!, unescape(value!.replace(/[\n\t\r]/g, ' '))]),
      );
      const element: Element = { name, at, children: [], text: '' };
      parent.children.push(element);
      if (!isEmpty) open.push(element);
    }
  }
  return root.children[0]!;
}

/** Every element below one, itself not, that has a name. */
export function all(element: Element, name: string): Element[] {
  return element.children.flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...all(child, name),
  ]);
}

/** The elements right below one that have a name. */
export function below(element: Element | undefined, name: string): Element[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}
