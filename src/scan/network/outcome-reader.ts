import { addressLength, type KernelMemory } from './kernel-memory.ts';
import type { Libc } from './libc.ts';
import { type Outcome, outcome, outcomeOfErrno } from './outcome.ts';
import type { PooledSocket } from './socket-pool.ts';

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const unspecifiedLength = 16;
/** What a connect says that has not ended. */
const underWay: ReadonlySet<string> = new Set(['EALREADY', 'EINPROGRESS', 'EINTR']);

/** Reads from the kernel how a connect ended, and makes its socket usable again. */
export class OutcomeReader {
  /** Name of the last errno that says nothing about the port. */
  lastFault = '';
  readonly #libc: Libc;
  readonly #memory: KernelMemory;
  readonly #outcomes = new Map<number, Outcome>();

  constructor(libc: Libc, memory: KernelMemory) {
    this.#libc = libc;
    this.#memory = memory;
    for (const [name, number] of Object.entries(libc.errnos)) {
      const result = underWay.has(name) ? outcome.pending : outcomeOfErrno(name, 'tcp');
      this.#outcomes.set(number, result);
    }
  }

  /** What errno means after a call that failed; `pending` while the connect is under way. */
  failure(): Outcome {
    return this.#outcomeOf(this.#libc.errno());
  }

  /**
   * How the connect to a slot's address stands: a second connect on its socket answers that, and
   * makes a socket whose connect failed usable again.
   */
  read(slot: number, { descriptor, family }: PooledSocket): Outcome {
    const address = this.#memory.address(slot);
    if (this.#libc.connect(descriptor, address, addressLength[family]) < 0) return this.failure();
    const isSelf = this.isSelfConnected(slot, { descriptor, family });
    this.reset(descriptor);
    return isSelf ? outcome.selfConnect : outcome.open;
  }

  /**
   * The error of a connect that is still under way. An ICMP error that arrives while connect()
   * itself runs, as on loopback, does not end the connect: only SO_ERROR shows it.
   */
  readPending({ descriptor }: PooledSocket): Outcome {
    const errno = this.#takeError(descriptor);
    if (errno === 0) return outcome.pending;
    this.reset(descriptor);
    return this.#outcomeOf(errno);
  }

  /** Whether a connected socket's own address is a slot's (simultaneous open). */
  isSelfConnected(slot: number, { descriptor, family }: PooledSocket): boolean {
    const { name, length } = this.#memory;
    this.#memory.writeLength(addressLength[6]);
    return (
      this.#libc.getsockname(descriptor, name, length) >= 0 && this.#memory.isName(slot, family)
    );
  }

  /** Disconnects a socket that is open or still waiting; leaves no TIME_WAIT behind. */
  reset(descriptor: number): void {
    this.#libc.connect(descriptor, this.#memory.unspecified, unspecifiedLength);
    // The reset leaves ECONNRESET in the socket, which the next connect would take for its own.
    this.#takeError(descriptor);
  }

  #takeError(descriptor: number): number {
    const { value, length } = this.#memory;
    this.#memory.writeLength(4);
    this.#libc.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, value, length);
    return this.#memory.readValue();
  }

  #outcomeOf(errno: number): Outcome {
    const result = this.#outcomes.get(errno) ?? outcome.unknown;
    if (result === outcome.localFault || result === outcome.unknown) {
      const [name] = Object.entries(this.#libc.errnos).find(([, one]) => one === errno) ?? [];
      this.lastFault = name ?? `errno ${errno}`;
    }
    return result;
  }
}
