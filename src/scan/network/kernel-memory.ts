import type { EngineAddress } from './engine-address.ts';
import type { Libc } from './libc.ts';

const AF_INET = 2;
const AF_INET6 = 10;

/** sockaddr_in has 16 bytes, sockaddr_in6 28; the distance of one slot's address from the next. */
const addressStride = 32;
/** struct epoll_event is packed on x86 only. */
const eventBytes = process.arch === 'x64' ? 12 : 16;
const eventDataOffset = eventBytes - 8;

/** Most events that one epoll_wait returns. */
export const eventsAtOnce = 1024;

/** Bytes of a socket address of each family. */
export const addressLength = { 4: 16, 6: 28 } as const;

/**
 * Everything that the kernel reads or writes, in one block that stays in its place while this
 * object is referenced. System calls take the pointers; the methods write and read what is there
 * (little-endian machines: all that Node runs on).
 */
export class KernelMemory {
  /** A sockaddr with family AF_UNSPEC, 16 bytes: a connect to it resets a socket. */
  readonly unspecified: number;
  /** A sockaddr of either family, for bind and getsockname. */
  readonly name: number;
  /** A socklen_t. */
  readonly length: number;
  /** An int. */
  readonly value: number;
  /** One epoll_event, to register a descriptor. */
  readonly event: number;
  /** The epoll_events of one epoll_wait. */
  readonly events: number;
  readonly #base: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** A block for so many slots, each with the address that its probe goes to. */
  constructor(libc: Libc, slots: number) {
    const addresses = slots * addressStride;
    this.#bytes = new Uint8Array(addresses + 128 + eventsAtOnce * eventBytes);
    this.#view = new DataView(this.#bytes.buffer);
    this.#base = libc.addressOf(this.#bytes);
    this.unspecified = this.#base + addresses;
    this.name = this.unspecified + 32;
    this.length = this.unspecified + 64;
    this.value = this.unspecified + 72;
    this.event = this.unspecified + 80;
    this.events = this.unspecified + 128;
  }

  /** The address of a slot. */
  address(slot: number): number {
    return this.#base + slot * addressStride;
  }

  /** Writes a sockaddr_in or sockaddr_in6 to the address of a slot, or to `name`. */
  writeAddress(pointer: number, { bytes, family }: EngineAddress, port: number): void {
    const at = pointer - this.#base;
    this.#view.setUint16(at, family === 4 ? AF_INET : AF_INET6, true);
    this.#view.setUint16(at + 2, port);
    if (family === 6) {
      // Flow and scope.
      this.#view.setUint32(at + 4, 0);
      this.#view.setUint32(at + 24, 0);
    }
    const to = at + (family === 4 ? 4 : 8);
    for (let i = 0; i < bytes.length; i++) this.#bytes[to + i] = bytes[i] ?? 0;
  }

  /** Whether `name` is the address and port of a slot. */
  isName(slot: number, family: 4 | 6): boolean {
    const name = this.name - this.#base;
    const peer = slot * addressStride;
    const end = family === 4 ? 8 : 24;
    for (let i = 2; i < end; i++) {
      // Bytes 4 to 7 of an IPv6 address are its flow, which says nothing here.
      if (family === 6 && i >= 4 && i < 8) continue;
      if (this.#bytes[name + i] !== this.#bytes[peer + i]) return false;
    }
    return true;
  }

  /** Sets `length`, which the kernel reads and overwrites. */
  writeLength(length: number): void {
    this.#view.setUint32(this.length - this.#base, length, true);
  }

  readValue(): number {
    return this.#view.getInt32(this.value - this.#base, true);
  }

  writeEvent(flags: number, slot: number): void {
    const at = this.event - this.#base;
    this.#view.setUint32(at, flags >>> 0, true);
    this.#view.setInt32(at + eventDataOffset, slot, true);
  }

  /** The slot that an event of the last epoll_wait is about. */
  eventSlot(index: number): number {
    const at = this.events - this.#base + index * eventBytes;
    return this.#view.getInt32(at + eventDataOffset, true);
  }

  eventFlags(index: number): number {
    return this.#view.getUint32(this.events - this.#base + index * eventBytes, true);
  }
}
