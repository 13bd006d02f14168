import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { permutation } from '../src/core/permutation.ts';
import { type Namespace, newNamespace } from '../test/network/namespace.ts';
import { listenInside } from '../test/network/scan-process.ts';

const relayPath = fileURLToPath(new URL('delay-relay.ts', import.meta.url));

/** A network of hosts behind a delay, and a place to scan it from. */
export interface DistantNetwork extends Disposable {
  /** Where the scanner runs. */
  readonly near: Namespace;
  readonly targets: string;
  readonly ports: string;
  /** Every open port as `address:port`, sorted. */
  readonly open: readonly string[];
}

/**
 * 1,024 hosts with 100 ports each: 1 in 100 is open, 5 refuse, the others drop packets.
 *
 * @param roundTripMs the round-trip delay
 */
export async function newDistantNetwork(roundTripMs: number): Promise<DistantNetwork> {
  const far = newNamespace(['10.9.0.0/22']);
  const near = newNamespace([]);
  const relay = [relayPath, 'near', 'far', far.name, String(roundTripMs / 2)];
  const child = near.start(process.execPath, relay);
  await once(createInterface(child.stdout as Readable), 'line');
  connect(near, 'near', '10.200.0.1', '10.9.0.0/22');
  connect(far, 'far', '10.200.0.2', '10.200.0.1/32');
  const open = choosePorts(far);
  await listenInside(far, '1-100');
  return {
    near,
    targets: '10.9.0.0/22',
    ports: '1-100',
    open,
    [Symbol.dispose]() {
      near[Symbol.dispose]();
      far[Symbol.dispose]();
    },
  };
}

function connect(inside: Namespace, device: string, address: string, beyond: string): void {
  inside.run('ip', ['addr', 'add', `${address}/32`, 'dev', device]);
  inside.run('ip', ['link', 'set', device, 'up', 'txqueuelen', '100000']);
  inside.run('ip', ['route', 'add', beyond, 'dev', device, 'src', address]);
}

/** Chooses the open and the refusing ports, and returns the open ones. */
function choosePorts(far: Namespace): string[] {
  const total = 1024 * 100;
  const order = permutation(total, 'bench');
  const chosen = Array.from({ length: total * 0.06 }, (_, i) => order(i));
  const open = chosen.slice(0, total * 0.01);
  const refused = chosen.slice(total * 0.01);
  far.run(
    'nft',
    ['-f', '-'],
    `table inet t {
set open { type ipv4_addr . inet_service; elements = { ${elements(open)} } }
set refused { type ipv4_addr . inet_service; elements = { ${elements(refused)} } }
chain in {
type filter hook input priority 0;
ip daddr . tcp dport @open accept
ip daddr . tcp dport @refused reject with tcp reset
tcp flags & (syn | ack) == syn drop
}
}
`,
  );
  return open.map((pair) => text(pair, ':')).sort();
}

/** A pair of host and port, counted from 0, as text. */
function text(pair: number, between: string): string {
  const host = Math.floor(pair / 100);
  return `10.9.${host >> 8}.${host & 255}${between}${(pair % 100) + 1}`;
}

function elements(pairs: readonly number[]): string {
  return pairs.map((pair) => text(pair, ' . ')).join(', ');
}
