import { asCount, asTime } from '../object.ts';

/** An XML element with everything in it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
  /** What was made of it, where it stands in several places (see `RepeatedElements`). */
  facts?: unknown;
}

/** The elements of a name right below one. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The first element of a name right below one. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** An attribute that is there and has something in it. */
export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  const value = element?.attributes[name];
  return value === '' ? undefined : value;
}

/** An attribute that is a whole number from 0 on. */
export function countOf(element: XmlElement | undefined, name: string): number | undefined {
  return asCount(attribute(element, name));
}

/** An attribute that is a time, in epoch ms. */
export function timeOf(element: XmlElement | undefined, name: string): number | undefined {
  return asTime(attribute(element, name));
}

/** An attribute that is a number. */
export function numberOf(element: XmlElement | undefined, name: string): number | undefined {
  const value = Number(attribute(element, name) ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}
