import { permutation } from '../../core/permutation.ts';
import type { Transport } from '../../core/states.ts';

/** The ports of one transport that are asked of every host, in a seeded order. */
export interface PortList {
  readonly transport: Transport;
  readonly size: number;
  portAt(index: number): number;
  /** Order in which one host is asked: a function from turn to index, both 0 … size − 1. */
  readonly orderFor: (hostNumber: number) => (turn: number) => number;
}

/**
 * Lays out a list of ports. Shuffling costs once; each host walks the same shuffle from another
 * start and with another stride, so that no two hosts are asked in step and no table is needed a
 * host.
 */
export function portList(ports: readonly number[], transport: Transport, seed: string): PortList {
  const size = ports.length;
  const order = permutation(size, `${seed}:${transport}`);
  const shuffled = Uint16Array.from(ports, (_, turn) => ports[order(turn)]!);
  const strides = stridesOf(size);
  return {
    transport,
    size,
    portAt: (index) => shuffled[index]!,
    orderFor(hostNumber) {
      const first = (hostNumber * 40_503) % Math.max(1, size);
      const stride = strides[hostNumber % strides.length]!;
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
