import type { WebEndpoint } from '../../core/events.ts';

/** A favicon's hash as it is stored: signed, whichever way it was written. */
export function signedFavicon({ favicon_hash: hash }: WebEndpoint): number | null {
  return typeof hash === 'number' ? hash | 0 : null;
}
