import { detached, RepeatedElements } from './repeated-elements.ts';
import { readTokens, type TagToken, unescapeXml, type XmlTokens } from './xml-tokens.ts';
import type { XmlElement } from './xml-tree.ts';

/** What a document consists of. */
export interface XmlEvents {
  /** The start of an element that is not collected. */
  readonly open: (element: XmlElement) => void;
  /** A complete collected element. */
  readonly element: (element: XmlElement) => void;
  /** Something that is not XML; parsing continues after it. */
  readonly fault: (message: string) => void;
}

/** Deeper than any script's tables; deeper elements are dropped. */
const maxDepth = 100;

/**
 * Parses XML piece by piece. Elements with certain names are collected as a whole; the start of
 * every other element is reported. A collected element that begins inside another ends it, because
 * hosts do not nest, so a damaged host does not affect others. (Why no XML library:
 * docs/decisions/0006-reading-xml.md.)
 */
export class XmlStream implements XmlTokens {
  private readonly collected: ReadonlySet<string>;
  private readonly events: XmlEvents;
  private readonly repeated = new RepeatedElements();
  private readonly stack: XmlElement[] = [];
  private buffer = '';
  private tooDeep = 0;
  private faults = 0;

  /** @param collected names of elements that are collected */
  constructor(collected: ReadonlySet<string>, events: XmlEvents) {
    this.collected = collected;
    this.events = events;
  }

  write(text: string): void {
    const buffer = this.buffer + text;
    const whole = (from: number): number | undefined => this.whole(buffer, from);
    this.buffer = buffer.slice(readTokens(buffer, this, whole));
  }

  /** The open collected element, which is what remains of a truncated document. */
  get unfinished(): XmlElement | undefined {
    return this.stack[0];
  }

  /** Characters since the last tag, which bounds memory for a document without tags. */
  get pendingLength(): number {
    return this.buffer.length;
  }

  fault(message: string): void {
    this.faults++;
    this.events.fault(message);
  }

  begin({ name, attributes, isEmpty }: TagToken): void {
    const { stack, unfinished } = this;
    const isCollected = this.collected.has(name);
    if (isCollected && unfinished) {
      this.fault(`<${unfinished.name}> is not closed`);
      this.events.element(unfinished);
      stack.length = 0;
      this.tooDeep = 0;
    }
    const parent = stack.at(-1);
    const element: XmlElement = { name, attributes, children: [], text: '' };
    if (!parent && !isCollected) return this.events.open(element);
    if (stack.length >= maxDepth) {
      if (!isEmpty) this.tooDeep++;
      return;
    }
    parent?.children.push(element);
    if (!isEmpty) stack.push(element);
    else if (!parent) this.events.element(element);
  }

  end(name: string): void {
    const { stack } = this;
    const [first] = stack;
    if (!first) return;
    if (this.tooDeep > 0) {
      this.tooDeep--;
      return;
    }
    const at = stack.findLastIndex((element) => element.name === name);
    if (at < 0) return this.fault(`</${name}> closes nothing`);
    if (at < stack.length - 1) this.fault(`<${stack.at(-1)?.name}> is not closed`);
    stack.length = at;
    if (at === 0) this.events.element(first);
  }

  text(raw: string): void {
    const element = this.stack.at(-1);
    if (element && this.tooDeep === 0) element.text += unescapeXml(raw);
  }

  /** Reuses an earlier element with the same text, or caches it. */
  private whole(buffer: string, from: number): number | undefined {
    const { stack, repeated } = this;
    const parent = stack.at(-1);
    if (!parent || stack.length >= maxDepth) return undefined;
    const found = repeated.textAt(buffer, from);
    if (found === undefined) return undefined;
    const known = repeated.get(found);
    if (known) {
      parent.children.push(known);
      return from + found.length;
    }
    const { faults } = this;
    const depth = stack.length;
    const text = detached(found);
    const read = readTokens(text, this);
    const isSound = read === text.length && faults === this.faults && depth === stack.length;
    const element = parent.children.at(-1);
    if (isSound && element && stack.at(-1) === parent) repeated.add(text, element);
    // The text was not an element after all and was read partly or not at all.
    return read === 0 ? undefined : from + read;
  }
}
