import type { XmlElement } from './xml-tree.ts';

/** Elements whose whole text is the same in many hosts, told by their first letter. */
const repeatedElements: ReadonlyMap<number, { readonly begin: string; readonly end: string }> =
  new Map(
    ['port', 'extraports'].map((name) => [
      name.charCodeAt(0),
      { begin: `<${name} `, end: `</${name}>` },
    ]),
  );

/** Longer ones, with what scripts printed of one server, hardly come again. */
const longestRepeated = 4_000;
/** Then it begins anew. */
const mostRepeated = 5_000;
/**
 * Of so many elements a quarter must have come again: else remembering them costs more than it
 * saves, and none of the next ones is looked at.
 */
const sampled = 2_000;
const skipped = 40_000;

/**
 * Remembers elements by their text: most ports of a large scan look like one seen before, and
 * looking that up takes a fifth of the time of reading it.
 */
export class RepeatedElements {
  private readonly elements = new Map<string, XmlElement>();
  private asked = 0;
  private found = 0;
  private toSkip = 0;

  /** The text of an element that may come again and begins at a place: up to its end tag. */
  textAt(buffer: string, from: number): string | undefined {
    const kind = repeatedElements.get(buffer.charCodeAt(from + 1));
    if (!kind || !buffer.startsWith(kind.begin, from)) return undefined;
    if (this.toSkip > 0) {
      this.toSkip--;
      return undefined;
    }
    const end = buffer.slice(from, from + longestRepeated).indexOf(kind.end);
    return end < 0 ? undefined : buffer.slice(from, from + end + kind.end.length);
  }

  get(text: string): XmlElement | undefined {
    const element = this.elements.get(text);
    this.asked++;
    if (element) this.found++;
    if (this.asked === sampled) {
      if (this.found * 4 < sampled) {
        this.toSkip = skipped;
        this.elements.clear();
      }
      this.asked = 0;
      this.found = 0;
    }
    return element;
  }

  add(text: string, element: XmlElement): void {
    if (this.elements.size >= mostRepeated) this.elements.clear();
    this.elements.set(text, element);
  }
}

/** The same text in memory of its own: a part of a text keeps all of it from being freed. */
export function detached(text: string): string {
  return Buffer.from(text).toString();
}
