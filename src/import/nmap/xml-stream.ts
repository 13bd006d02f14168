import { detached, RepeatedElements } from './repeated-elements.ts';
import {
  readTokens,
  type TagToken,
  unescapeXml,
  type XmlTokens,
  xmlTokenizer,
} from './xml-tokenizer.ts';
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
  /** Characters since the last tag: what memory holds of a document that has none. */
  readonly pendingLength: number;
}

/** Deeper than any script's tables; what is below is left out. */
const maxDepth = 100;

/**
 * Reads XML piece by piece: elements with one of some names are collected whole, everything around
 * them is told about as it begins. A collected element that begins inside another ends it, since
 * hosts do not nest: so one that is damaged costs no other. (Why no XML library:
 * docs/decisions/0006-reading-xml.md.)
 *
 * @param collected names of elements that are collected
 */
export function xmlStream(collected: ReadonlySet<string>, events: XmlEvents): XmlStream {
  const open: XmlElement[] = [];
  const repeated = new RepeatedElements();
  let tooDeep = 0;
  let faults = 0;

  function fault(message: string): void {
    faults++;
    events.fault(message);
  }

  function begin({ name, attributes, isEmpty }: TagToken): void {
    if (collected.has(name) && open.length > 0) {
      fault(`<${open[0]!.name}> is not closed`);
      events.element(open[0]!);
      open.length = 0;
      tooDeep = 0;
    }
    const parent = open.at(-1);
    const element: XmlElement = { name, attributes, children: [], text: '' };
    if (!parent && !collected.has(name)) return events.open(element);
    if (open.length >= maxDepth) {
      if (!isEmpty) tooDeep++;
      return;
    }
    parent?.children.push(element);
    if (!isEmpty) open.push(element);
    else if (!parent) events.element(element);
  }

  function end(name: string): void {
    if (open.length === 0) return;
    if (tooDeep > 0) {
      tooDeep--;
      return;
    }
    const at = open.findLastIndex((element) => element.name === name);
    if (at < 0) return fault(`</${name}> closes nothing`);
    if (at < open.length - 1) fault(`<${open.at(-1)!.name}> is not closed`);
    const [first] = open;
    open.length = at;
    if (at === 0) events.element(first!);
  }

  const tokens: XmlTokens = {
    begin,
    end,
    text(raw) {
      const element = open.at(-1);
      if (element && tooDeep === 0) element.text += unescapeXml(raw);
    },
    fault,
  };

  /** Takes an element that was met before in the same words, or learns it. */
  function whole(buffer: string, from: number): number | undefined {
    const parent = open.at(-1);
    if (!parent || open.length >= maxDepth) return undefined;
    const found = repeated.textAt(buffer, from);
    if (found === undefined) return undefined;
    const known = repeated.get(found);
    if (known) {
      parent.children.push(known);
      return from + found.length;
    }
    const before = { faults, depth: open.length };
    const text = detached(found);
    const read = readTokens(text, tokens);
    const isSound =
      read === text.length && faults === before.faults && open.length === before.depth;
    if (isSound && open.at(-1) === parent) repeated.add(text, parent.children.at(-1)!);
    // Of a text that is no element after all, nothing or a part was read.
    return read === 0 ? undefined : from + read;
  }

  const tokenizer = xmlTokenizer({ ...tokens, whole });
  return {
    write: (text) => tokenizer.write(text),
    get unfinished() {
      return open[0];
    },
    get pendingLength() {
      return tokenizer.pendingLength;
    },
  };
}
