import type { EngineAddress } from './engine-address.ts';
import type { Outcome } from './outcome.ts';

/** Called with what became of the probe in a slot; the slot is free again by then. */
export type OnOutcome = (slot: number, result: Outcome) => void;

/**
 * Sends probes: one per slot, slots numbered from 0. An engine keeps no time and knows no hosts;
 * its caller does.
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
  /** Calls back once when there is something to poll. Absent where only a poll can tell. */
  readonly onceReady?: (callback: () => void) => void;
  /** Gives up the probe in a slot; its outcome is never handed out. */
  cancel(slot: number): void;
  /** Name of the last local fault (`EMFILE`, …), for messages. */
  lastFault(): string;
  /** Closes every descriptor. */
  close(): void;
}
