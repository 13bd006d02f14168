import type { XmlElement } from './xml-tree.ts';

/** Elements with the same text in many hosts, by first letter. */
const repeatedElements: ReadonlyMap<number, { readonly begin: string; readonly end: string }> =
  new Map(
    ['port', 'extraports'].map((name) => [
      name.charCodeAt(0),
      { begin: `<${name} `, end: `</${name}>` },
    ]),
  );

/** Longer ones, with script output about one server, rarely repeat. */
const longestRepeated = 4_000;
/** After this many elements the cache is cleared. */
const mostRepeated = 5_000;
/**
 * Out of this many elements a quarter must have repeated. Otherwise caching costs more than it
 * saves and is switched off for the next ones.
 */
const sampled = 2_000;
const skipped = 40_000;

/**
 * Caches elements by their text. Most ports of a large scan look like an earlier one, and a lookup
 * takes a fifth of the time of parsing.
 */
export class RepeatedElements {
  private readonly elements = new Map<string, XmlElement>();
  private asked = 0;
  private found = 0;
  private toSkip = 0;

  /** The text, up to its end tag, of an element at a position that may repeat. */
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

/** Copies a text, because a substring keeps the whole text in memory. */
export function detached(text: string): string {
  return Buffer.from(text).toString();
}
