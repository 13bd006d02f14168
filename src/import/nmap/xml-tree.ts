import { asCount, asTime } from '../json-object.ts';
import type { PortFacts } from './port-facts.ts';

/** An XML element with its contents. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
  /** The parsed contents of a `<port>`, which may occur in many hosts (see `RepeatedElements`). */
  facts?: PortFacts | 'none';
}

/** The children with a name. */
export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** The first child with a name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** A non-empty attribute. */
export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  const value = element?.attributes[name];
  return value === '' ? undefined : value;
}

/** An attribute as a non-negative integer. */
export function countOf(element: XmlElement | undefined, name: string): number | undefined {
  return asCount(attribute(element, name));
}

/** An attribute as a time in epoch ms. */
export function timeOf(element: XmlElement | undefined, name: string): number | undefined {
  return asTime(attribute(element, name));
}

/** An attribute as a number. */
export function numberOf(element: XmlElement | undefined, name: string): number | undefined {
  const value = Number(attribute(element, name) ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** An attribute that counts up to `whole`, as a fraction 0 … 1. */
export function shareOf(element: XmlElement, name: string, whole: number): number | undefined {
  const value = numberOf(element, name);
  return value === undefined ? undefined : Math.min(1, Math.max(0, value / whole));
}
