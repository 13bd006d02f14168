import type { Engine, EngineAddress, OnOutcome } from './engine.ts';
import type { Libc } from './libc.ts';
import { type Outcome, outcome, outcomeOfErrno } from './outcome.ts';

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLET = 2 ** 31;

/** sockaddr_in has 16 bytes, sockaddr_in6 28; one slot's place in the block. */
const addressStride = 32;
const addressLength = { 4: 16, 6: 28 } as const;
const loopbackAddress: Readonly<Record<4 | 6, EngineAddress>> = {
  4: { text: '127.0.0.1', family: 4, bytes: Uint8Array.of(127, 0, 0, 1) },
  6: { text: '::1', family: 6, bytes: Uint8Array.from({ length: 16 }, (_, i) => +(i === 15)) },
};
const eventsAtOnce = 1024;
/** struct epoll_event is packed on x86 only. */
const eventBytes = process.arch === 'x64' ? 12 : 16;
const eventDataOffset = eventBytes - 8;

/**
 * Connects through the C library: non-blocking connect and epoll, descriptors reused from probe to
 * probe. Edge-triggered, and an event only says "look here": what happened is what a second
 * connect() on the descriptor answers, which also makes a failed one usable again.
 * connect(AF_UNSPEC) resets what is open or still waiting, and leaves no TIME_WAIT behind.
 */
export function epollEngine(libc: Libc, capacity: number): Engine {
  const descriptors = { 4: filled(capacity), 6: filled(capacity) };
  /** 0 free, else the family in use. */
  const busy = new Uint8Array(capacity);
  const { memory, view, places } = sharedMemory(libc, capacity);
  const errnoOutcomes = errnoTable(libc);
  const { EALREADY = 114, EINPROGRESS = 115, EINTR = 4 } = libc.errnos;
  const epoll = libc.epollCreate(EPOLL_CLOEXEC);
  /** One descriptor a family for loopback, which answers at once: epoll does not watch it. */
  const local = { 4: -1, 6: -1 };
  let lastFault = '';

  const newSocket = (family: 4 | 6): number => {
    const domain = family === 4 ? AF_INET : AF_INET6;
    return libc.socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  };

  const descriptorOf = (slot: number, family: 4 | 6): number => {
    const known = descriptors[family][slot]!;
    if (known >= 0) return known;
    const made = newSocket(family);
    return made < 0 ? made : watch(made, slot, family);
  };

  /** Has epoll watch a descriptor, which is the slot's from now on; closes it where it cannot. */
  const watch = (made: number, slot: number, family: 4 | 6): number => {
    view.setUint32(places.event, (EPOLLOUT | EPOLLET) >>> 0, true);
    view.setInt32(places.event + eventDataOffset, slot, true);
    if (libc.epollControl(epoll, EPOLL_CTL_ADD, made, places.base + places.event) < 0) {
      libc.close(made);
      return -1;
    }
    descriptors[family][slot] = made;
    return made;
  };

  /** The outcome that errno stands for; `pending` while the connect is under way. */
  const failure = (): Outcome => {
    return outcomeOf(libc.errno());
  };

  const outcomeOf = (errno: number): Outcome => {
    if (errno === EINPROGRESS || errno === EALREADY || errno === EINTR) return outcome.pending;
    const result = errnoOutcomes[errno] as Outcome | undefined;
    if (result === outcome.localFault || result === outcome.unknown) {
      lastFault = nameOfErrno(libc, errno);
    }
    return result ?? outcome.unknown;
  };

  /** Takes the error that a socket holds. */
  const takeError = (descriptor: number): number => {
    view.setUint32(places.length, 4, true);
    const length = places.base + places.length;
    libc.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, places.base + places.value, length);
    return view.getInt32(places.value, true);
  };

  const reset = (descriptor: number): void => {
    libc.connect(descriptor, places.base + places.unspecified, 16);
    // The reset leaves ECONNRESET in the socket, which the next connect would take for its own.
    takeError(descriptor);
  };

  /**
   * An ICMP error that arrives while connect() itself still runs, as on loopback, does not end the
   * connect: only SO_ERROR tells of it.
   */
  const inspectPending = (descriptor: number): Outcome => {
    const errno = takeError(descriptor);
    if (errno === 0) return outcome.pending;
    reset(descriptor);
    return outcomeOf(errno);
  };

  /** Whether a socket's own address is the one that it is connected to (simultaneous open). */
  const isSelf = (slot: number, family: 4 | 6, descriptor: number): boolean => {
    view.setUint32(places.length, 28, true);
    const name = places.base + places.name;
    if (libc.getsockname(descriptor, name, places.base + places.length) < 0) return false;
    const peer = slot * addressStride;
    const length = family === 4 ? 8 : 24;
    for (let i = 2; i < length; i++) {
      const isFlow = family === 6 && i >= 4 && i < 8;
      if (!isFlow && memory[places.name + i] !== memory[peer + i]) return false;
    }
    return true;
  };

  /** Asks the kernel how the connect in a slot stands. */
  const inspect = (slot: number, family: 4 | 6): Outcome => {
    const descriptor = descriptors[family][slot]!;
    const address = places.base + slot * addressStride;
    if (libc.connect(descriptor, address, addressLength[family]) < 0) return failure();
    const result = isSelf(slot, family, descriptor) ? outcome.selfConnect : outcome.open;
    reset(descriptor);
    return result;
  };

  /**
   * A socket with a port of its own on loopback: the kernel need not look for a free one at each
   * connect, a tenth of what a refused connect costs. A port that was found free is bound by its
   * number, or the kernel would give it back when a connect fails. A socket that gets none works
   * too.
   */
  const newLocalSocket = (family: 4 | 6): number => {
    const finder = newSocket(family);
    if (finder < 0) return finder;
    const name = places.base + places.name;
    const length = addressLength[family];
    writeAddress(memory, places.name, loopbackAddress[family], 0);
    view.setUint32(places.length, length, true);
    libc.bind(finder, name, length);
    libc.getsockname(finder, name, places.base + places.length);
    libc.close(finder);
    const made = newSocket(family);
    if (made >= 0) libc.bind(made, name, length);
    return made;
  };

  /**
   * Loopback answers while connect() itself still runs, so a second connect() already tells how
   * the first one ended: two calls a port, and none of epoll's. Undefined where this machine drops
   * its own packets, so that there is no answer yet: then the slot waits as any other.
   */
  const startOnLoopback = (slot: number, family: 4 | 6, place: number): Outcome | undefined => {
    const descriptor = local[family] >= 0 ? local[family] : newLocalSocket(family);
    local[family] = descriptor;
    if (descriptor < 0) return failure();
    const length = addressLength[family];
    // What keeps the first one from beginning (no port is free) keeps the second one too.
    if (
      libc.connect(descriptor, place, length) < 0 &&
      libc.connect(descriptor, place, length) < 0
    ) {
      const result = failure();
      if (result !== outcome.pending) return result;
      reset(descriptor);
      return undefined;
    }
    if (isSelf(slot, family, descriptor)) {
      // The port that is asked is the socket's own: another socket will have another.
      libc.close(descriptor);
      local[family] = -1;
      return outcome.selfConnect;
    }
    reset(descriptor);
    return outcome.open;
  };

  return {
    capacity,
    get lastFault() {
      return lastFault;
    },
    start(slot, address, port) {
      writeAddress(memory, slot * addressStride, address, port);
      if (isLoopback(address)) {
        const place = places.base + slot * addressStride;
        const result = startOnLoopback(slot, address.family, place);
        if (result !== undefined) return result;
      }
      const descriptor = descriptorOf(slot, address.family);
      if (descriptor < 0) return failure();
      busy[slot] = address.family;
      const place = places.base + slot * addressStride;
      const length = addressLength[address.family];
      const result =
        libc.connect(descriptor, place, length) === 0 ? inspect(slot, address.family) : failure();
      if (result !== outcome.pending) busy[slot] = 0;
      return result;
    },
    poll(onOutcome: OnOutcome) {
      let handed = 0;
      let count: number;
      do {
        count = libc.epollWait(epoll, places.base + places.events, eventsAtOnce, 0);
        for (let i = 0; i < count; i++) {
          const slot = view.getInt32(places.events + i * eventBytes + eventDataOffset, true);
          const family = busy[slot];
          if (family !== 4 && family !== 6) continue;
          let result = inspect(slot, family);
          const flags = view.getUint32(places.events + i * eventBytes, true);
          if (result === outcome.pending && flags & EPOLLERR) {
            result = inspectPending(descriptors[family][slot]!);
          }
          if (result === outcome.pending) continue;
          busy[slot] = 0;
          handed += 1;
          onOutcome(slot, result);
        }
      } while (count === eventsAtOnce);
      return handed;
    },
    cancel(slot) {
      const family = busy[slot];
      if (family !== 4 && family !== 6) return;
      reset(descriptors[family][slot]!);
      busy[slot] = 0;
    },
    close() {
      for (const family of [4, 6] as const) {
        descriptors[family].forEach((descriptor, slot) => {
          if (descriptor < 0) return;
          if (busy[slot] === family) reset(descriptor);
          libc.close(descriptor);
        });
        descriptors[family].fill(-1);
        if (local[family] >= 0) libc.close(local[family]);
        local[family] = -1;
      }
      busy.fill(0);
      libc.close(epoll);
    },
  };
}

/** Whether an address is in 127.0.0.0/8, or ::1. */
export function isLoopback({ bytes, family }: EngineAddress): boolean {
  if (family === 4) return bytes[0] === 127;
  return bytes[15] === 1 && bytes.every((byte, i) => i === 15 || byte === 0);
}

function filled(capacity: number): Int32Array {
  return new Int32Array(capacity).fill(-1);
}

/** One block for everything that the kernel reads or writes, held by the engine's closures. */
function sharedMemory(libc: Libc, capacity: number) {
  const addresses = capacity * addressStride;
  const memory = new Uint8Array(addresses + 128 + eventsAtOnce * eventBytes);
  const view = new DataView(memory.buffer);
  const places = {
    base: libc.addressOf(memory),
    unspecified: addresses,
    name: addresses + 32,
    length: addresses + 64,
    value: addresses + 72,
    event: addresses + 80,
    events: addresses + 128,
  };
  view.setUint16(places.unspecified, AF_UNSPEC, true);
  return { memory, view, places };
}

/** Writes a sockaddr_in or sockaddr_in6 (little-endian machines: all that Node runs on). */
function writeAddress(memory: Uint8Array, at: number, address: EngineAddress, port: number): void {
  const { bytes, family } = address;
  memory[at] = family === 4 ? AF_INET : AF_INET6;
  memory[at + 1] = 0;
  memory[at + 2] = port >> 8;
  memory[at + 3] = port & 255;
  if (family === 4) {
    memory[at + 4] = bytes[0]!;
    memory[at + 5] = bytes[1]!;
    memory[at + 6] = bytes[2]!;
    memory[at + 7] = bytes[3]!;
    return;
  }
  memory.fill(0, at + 4, at + 8);
  memory.set(bytes, at + 8);
  memory.fill(0, at + 24, at + 28);
}

/** Outcomes by errno number. */
function errnoTable(libc: Libc): Uint8Array {
  const table = new Uint8Array(512).fill(outcome.unknown);
  for (const [name, number] of Object.entries(libc.errnos)) {
    if (number > 0 && number < table.length) table[number] = outcomeOfErrno(name, 'tcp');
  }
  return table;
}

function nameOfErrno(libc: Libc, errno: number): string {
  return Object.keys(libc.errnos).find((name) => libc.errnos[name] === errno) ?? `errno ${errno}`;
}
