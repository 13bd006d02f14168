import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DistantNetwork, newDistantNetwork } from './network-namespace.ts';
import { median } from './median.ts';

const bin = fileURLToPath(new URL('../bin/portolan.js', import.meta.url));
const nmapOptions = ['-sT', '-n', '-Pn', '-oG', '-'] as const;
/** nmap without its politeness. */
const tuned = ['-T5', '--min-rate', '20000', '--max-retries', '1'] as const;
const listeners = 50;
const everyPort = ['127.0.0.1', '-p', '-', '--engine'] as const;

interface Run {
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly open: readonly string[];
}

/** Measures the scan engine and nmap in the same run, and prints medians and ratios. */
export async function benchScan(runs = 3): Promise<void> {
  await benchLoopback(runs);
  using network = await newDistantNetwork(20);
  benchDistant(network, runs);
}

async function benchLoopback(runs: number): Promise<void> {
  const servers = Array.from({ length: listeners }, () => createServer());
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening');
  const wanted = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`);
  const results = interleave(runs, {
    nmap: () => nmap(['-T5', '-p-', '127.0.0.1']),
    epoll: () => portolan([...everyPort, 'epoll']),
    sockets: () => portolan([...everyPort, 'sockets']),
  });
  servers.forEach((server) => server.close());
  console.log(`loopback, 65,535 ports, ${listeners} open, start-up included (median of ${runs})`);
  print('nmap -sT -T5', results.nmap, results.nmap, wanted);
  print('portolan epoll', results.epoll, results.nmap, wanted);
  print('portolan sockets', results.sockets, results.nmap, wanted);
}

function benchDistant(network: DistantNetwork, runs: number): void {
  const inside = ['ip', 'netns', 'exec', network.near.name];
  const target = ['-p', network.ports, network.targets];
  const patience = ['--rate', '0', '--timeout', '300', '--retries', '1', '--retry-delay', '0'];
  const atOnce = ['--parallelism', '16000', '--host-parallelism', '100'];
  const flags = ['--assume-up', '--no-dns', ...patience, ...atOnce];
  const results = interleave(runs, {
    tuned: () => nmap([...tuned, ...target], inside),
    epoll: () => portolan([network.targets, '-p', network.ports, ...flags], inside),
  });
  const slow = [nmap(['-T5', ...target], inside)];
  console.log(`1,024 hosts × 100 ports, 20 ms away, 1% open, 5% refused (median of ${runs})`);
  print(`nmap -sT ${tuned.join(' ')}`, results.tuned, results.tuned, network.open);
  print('nmap -sT -T5 (one run)', slow, results.tuned, network.open);
  print('portolan epoll', results.epoll, results.tuned, network.open);
  console.log(`portolan relative to nmap -sT -T5: ${ratio(slow, results.epoll)} times as fast`);
}

/** Runs each variant in turn, so that a slow minute of the machine affects all of them. */
function interleave<Name extends string>(
  runs: number,
  variants: Readonly<Record<Name, () => Run>>,
): Record<Name, Run[]> {
  const names = Object.keys(variants) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Run[]]));
  for (let i = 0; i < runs; i++) {
    for (const name of names) results[name]!.push(variants[name]());
  }
  return results as Record<Name, Run[]>;
}

/** Runs the whole command, including start-up and recording into a new store. */
function portolan(words: readonly string[], inside: readonly string[] = []): Run {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
  const command = [process.execPath, bin, 'scan', ...words, '--no-probe', '--json'];
  const run = execute([...inside, ...command, '--db', join(folder, 'results.db')]);
  rmSync(folder, { recursive: true });
  const rows = JSON.parse(run.output) as { address: string; port: number }[];
  return { ...run, open: rows.map(({ address, port }) => `${address}:${port}`) };
}

function nmap(options: readonly string[], inside: readonly string[] = []): Run {
  const run = execute([...inside, 'nmap', ...nmapOptions, ...options]);
  const open: string[] = [];
  for (const [, addr, ports = ''] of run.output.matchAll(/^Host: (\S+).*?Ports: (.*)$/gm)) {
    for (const [, port] of ports.matchAll(/(\d+)\/open\//g)) open.push(`${addr}:${port}`);
  }
  return { ...run, open };
}

/** Runs a command to its end and measures its time and CPU time. */
function execute(command: readonly string[]): { elapsedMs: number; cpuMs: number; output: string } {
  const timed = ['-c', 'TIMEFORMAT="%U %S"; time "$@"', 'time', ...command];
  const startedMs = performance.now();
  const { status, stdout, stderr } = spawnSync('bash', timed, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const elapsedMs = performance.now() - startedMs;
  if (status !== 0) throw new Error(`${command.join(' ')} failed: ${stderr}`);
  const [user = 0, system = 0] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { elapsedMs, cpuMs: (user + system) * 1000, output: stdout };
}

function print(
  name: string,
  runs: readonly Run[],
  peer: readonly Run[],
  wanted: readonly string[],
): void {
  const ms = median(runs.map(({ elapsedMs }) => elapsedMs));
  const cpu = median(runs.map(({ cpuMs }) => cpuMs));
  const peerCpu = median(peer.map(({ cpuMs }) => cpuMs));
  const missed = runs.map(({ open }) => {
    const found = new Set(open);
    return wanted.filter((port) => !found.has(port)).length;
  });
  const open = missed.every((count) => count === 0) ? 'complete' : `missed ${missed.join(', ')}`;
  console.log(
    `  ${name.padEnd(52)} ${ms.toFixed(0).padStart(7)} ms  ${ratio(peer, runs)} × speed  ` +
      `${(peerCpu / cpu).toFixed(2)} × CPU efficiency  open set ${open}`,
  );
}

function ratio(peer: readonly Run[], runs: readonly Run[]): string {
  const time = (all: readonly Run[]): number => median(all.map(({ elapsedMs }) => elapsedMs));
  return (time(peer) / time(runs)).toFixed(2);
}
