import { type Reason, reasons } from '../../core/states.ts';
import { asWord } from '../json-object.ts';
import type { XmlElement } from './xml-tree.ts';

/** nmap's reason for a host's or port's state. */
export function reasonOf(element: XmlElement): Reason {
  const word = element.attributes['reason'];
  // Older files write the plural in `extrareasons`.
  return asWord(reasons, word) ?? asWord(reasons, word?.replace(/s$/, '')) ?? 'unknown';
}
