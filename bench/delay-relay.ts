/**
 * A network with a delay: two TUN devices, and this process between them, which forwards each packet
 * when it is due. Prints "ready" once both devices exist, then runs until killed. Start it inside the
 * first namespace; it moves the second device into the other one.
 *
 * Usage: delay-relay.ts FIRST_DEVICE SECOND_DEVICE SECOND_NAMESPACE DELAY_MS
 */
import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import koffi from 'koffi';

const O_RDWR_NONBLOCK = 0o4002;
const TUNSETIFF = 0x400454ca;
const IFF_TUN_NO_PI = 0x1001;
const POLLIN = 1;
/** Packets in flight in one direction, and the space for each: an MTU of 1500. */
const ringSize = 32_768;
const packetBytes = 1536;
/** Packets read in a row before others are forwarded. */
const batch = 256;

const libc = koffi.load('libc.so.6');
const open = libc.func('int open(const char *, int)');
const ioctl = libc.func('int ioctl(int, uint64_t, int64_t)');
const read = libc.func('int64_t read(int, int64_t, uint64_t)');
const write = libc.func('int64_t write(int, int64_t, uint64_t)');
const poll = libc.func('int poll(int64_t, uint64_t, int)');

/** One direction: a ring of packets in order of arrival, each with the time it is due. */
interface Direction {
  readonly from: number;
  readonly to: number;
  readonly memory: Uint8Array;
  readonly base: number;
  readonly lengths: Int32Array;
  readonly due: Float64Array;
  head: number;
  count: number;
}

function openDevice(name: string): number {
  const device = open('/dev/net/tun', O_RDWR_NONBLOCK) as number;
  const request = new Uint8Array(40);
  request.set(Buffer.from(name));
  new DataView(request.buffer).setUint16(16, IFF_TUN_NO_PI, true);
  if (device < 0 || ioctl(device, TUNSETIFF, Number(koffi.address(request))) < 0) {
    throw new Error(`no TUN device ${name}: errno ${koffi.errno()}`);
  }
  return device;
}

function direction(from: number, to: number): Direction {
  const memory = new Uint8Array(ringSize * packetBytes);
  const base = Number(koffi.address(memory));
  const lengths = new Int32Array(ringSize);
  return { from, to, memory, base, lengths, due: new Float64Array(ringSize), head: 0, count: 0 };
}

/** Reads the packets that have arrived, up to a batch. */
function receive(way: Direction, dueMs: number): number {
  let received = 0;
  while (received < batch && way.count < ringSize) {
    const slot = (way.head + way.count) % ringSize;
    const length = Number(read(way.from, way.base + slot * packetBytes, packetBytes));
    if (length <= 0) break;
    way.lengths[slot] = length;
    way.due[slot] = dueMs;
    way.count += 1;
    received += 1;
  }
  return received;
}

/** Forwards the packets that are due. */
function deliver(way: Direction, nowMs: number): void {
  while (way.count > 0 && way.due[way.head]! <= nowMs) {
    write(way.to, way.base + way.head * packetBytes, way.lengths[way.head]!);
    way.head = (way.head + 1) % ringSize;
    way.count -= 1;
  }
}

function waitForPackets(ways: readonly Direction[], waiting: Uint8Array): void {
  const view = new DataView(waiting.buffer);
  ways.forEach((way, i) => {
    view.setInt32(i * 8, way.from, true);
    view.setInt16(i * 8 + 4, POLLIN, true);
  });
  poll(Number(koffi.address(waiting)), ways.length, 1);
}

const [first = '', second = '', namespace = '', delay = '0'] = process.argv.slice(2);
const devices = [openDevice(first), openDevice(second)] as const;
execFileSync('ip', ['link', 'set', second, 'netns', namespace]);
writeSync(1, 'ready\n');
const ways = [direction(devices[0], devices[1]), direction(devices[1], devices[0])];
const waiting = new Uint8Array(16);
const delayMs = Number(delay);
for (;;) {
  let received = 0;
  for (const way of ways) received += receive(way, performance.now() + delayMs);
  for (const way of ways) deliver(way, performance.now());
  if (received === 0) waitForPackets(ways, waiting);
}
