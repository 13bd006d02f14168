import type { Engine } from './engine.ts';
import { outcome } from './outcome.ts';

export function udpEngine(capacity: number): Engine {
  return {
    capacity,
    lastFault: '',
    start: () => outcome.unknown,
    poll: () => 0,
    cancel() {},
    close() {},
  };
}
