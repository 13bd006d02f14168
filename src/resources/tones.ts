import type { HostState, PortState } from '../core/states.ts';
import type { Tone } from './resource.ts';

const tones: Readonly<Partial<Record<HostState | PortState, Tone>>> = {
  open: 'good',
  up: 'good',
  closed: 'bad',
  down: 'bad',
  filtered: 'warning',
};

/** The tone of a host's or a port's state. */
export function stateTone({ state }: { readonly state: HostState | PortState }): Tone | undefined {
  return tones[state];
}
