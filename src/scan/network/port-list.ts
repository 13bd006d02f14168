import { permutation } from '../../core/permutation.ts';
import type { Transport } from '../../core/states.ts';

/** The ports of one transport that every host is probed on, in a seeded order. */
export interface PortList {
  readonly transport: Transport;
  readonly size: number;
  portAt(index: number): number;
  /** One host's order: a function from turn to index, both 0 … size − 1. */
  readonly orderFor: (hostNumber: number) => (turn: number) => number;
}

/**
 * Lays out a list of ports. They are shuffled once; each host walks the same shuffle from another
 * start and with another stride, so that no two hosts are probed in step and no host needs its own
 * table.
 */
export function portList(ports: readonly number[], transport: Transport, seed: string): PortList {
  const size = ports.length;
  const order = permutation(size, `${seed}:${transport}`);
  const shuffled = Uint16Array.from(ports, (_, turn) => ports[order(turn)] ?? 0);
  const strides = stridesOf(size);
  return {
    transport,
    size,
    portAt: (index) => shuffled[index] ?? 0,
    orderFor(hostNumber) {
      const first = (hostNumber * 40_503) % Math.max(1, size);
      const stride = strides[hostNumber % strides.length] ?? 1;
      return (turn) => (first + turn * stride) % size;
    },
  };
}

/** Some numbers without a common divisor with `size`. */
function stridesOf(size: number): readonly number[] {
  const found = [1];
  for (let stride = 3; stride < size && found.length < 16; stride += 2) {
    if (greatestDivisor(stride, size) === 1) found.push(stride);
  }
  return found;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
