import type { Outcome } from './outcome.ts';

/** Told what became of the probe in a slot; the slot is free again when this is called. */
export type OnOutcome = (slot: number, result: Outcome) => void;

/**
 * Asks ports: one probe a slot, slots numbered from 0. An engine keeps no time and knows no
 * hosts; whoever drives it does.
 */
export interface Engine {
  /** How many slots this machine can use at once. */
  readonly capacity: number;
  /**
   * Begins a probe in a free slot.
   *
   * @returns `pending`, or the outcome where it is known at once (the slot is then free)
   */
  start(slot: number, address: EngineAddress, port: number): Outcome;
  /**
   * Hands out every outcome that this machine has received up to now, so that what is still
   * missing afterwards is truly unanswered.
   *
   * @returns how many there were
   */
  poll(onOutcome: OnOutcome): number;
  /**
   * Calls back once when there is something to poll. An engine that only a poll can tell, has none.
   */
  readonly onceReady?: (callback: () => void) => void;
  /** Gives up the probe in a slot; its outcome is never handed out. */
  cancel(slot: number): void;
  /** Name of the last local fault (`EMFILE`, …), for messages. */
  readonly lastFault: string;
  /** Closes every descriptor. */
  close(): void;
}

/** An engine that differs from another one in how a probe begins. */
export function withStart(engine: Omit<Engine, 'start'>, start: Engine['start']): Engine {
  return {
    ...engine,
    get lastFault() {
      return engine.lastFault;
    },
    start,
  };
}

/** An address in the forms that engines need, made once for each host. */
export interface EngineAddress {
  readonly text: string;
  readonly family: 4 | 6;
  /** 4 or 16 bytes in network order. */
  readonly bytes: Uint8Array;
}
