import type { XmlElement } from './xml-tree.ts';

/** Told what a document consists of. */
export interface XmlEvents {
  /** An element that is not collected begins. */
  readonly open: (element: XmlElement) => void;
  /** A collected element is complete. */
  readonly element: (element: XmlElement) => void;
  /** Something is no XML; reading goes on behind it. */
  readonly fault: (message: string) => void;
}

export interface XmlStream {
  write(text: string): void;
  /** The collected element that is open: what a document that breaks off has left. */
  readonly unfinished: XmlElement | undefined;
  /** Characters of the element that is open, and of what is not yet an element. */
  readonly pendingLength: number;
}

/** Deeper than any script's tables. */
const maxDepth = 100;

/**
 * Reads XML piece by piece: elements with one of some names are collected whole, everything around
 * them is told about as it begins. No entity but XML's own five is known, so that nothing grows.
 *
 * @param collected names of elements that are collected
 */
export async function xmlStream(
  collected: ReadonlySet<string>,
  events: XmlEvents,
): Promise<XmlStream> {
  const { SaxesParser } = await import('saxes');
  const parser = new SaxesParser<{ xmlns: false; position: false }>({
    xmlns: false,
    position: false,
  });
  const open: XmlElement[] = [];
  let sinceElement = 0;
  parser.on('opentag', ({ name, attributes }) => {
    sinceElement = 0;
    const element: XmlElement = {
      name,
      attributes,
      children: [],
      text: '',
    };
    const parent = open.at(-1);
    if (parent) {
      if (open.length < maxDepth) parent.children.push(element);
      open.push(element);
    } else if (collected.has(name)) {
      open.push(element);
    } else {
      events.open(element);
    }
  });
  parser.on('text', (text) => {
    const element = open.at(-1);
    if (element) element.text += text;
  });
  parser.on('closetag', () => {
    sinceElement = 0;
    const element = open.pop();
    if (element && open.length === 0) events.element(element);
  });
  parser.on('error', ({ message }) => events.fault(message));
  return {
    write(text) {
      sinceElement += text.length;
      parser.write(text);
    },
    get unfinished() {
      return open[0];
    },
    get pendingLength() {
      return sinceElement;
    },
  };
}
