import type { RunError, RunUnit, ScanEvent, ScanHost, ScanPort } from '../../core/events.ts';
import type { Unit } from '../../core/plan.ts';
import type { UnitQueue } from './unit-queue.ts';
import { newUnitCounts, type UnitCounts } from './unit-counts.ts';

/** Finished units that the caller has not taken yet; beyond, no new unit begins. */
const untakenUnits = 2;

/** A unit while its hosts are scanned. */
export interface OpenUnit {
  readonly unit: Unit;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Position of the next host to open. */
  nextPosition: number;
  /** Hosts that are open. */
  openHosts: number;
  readonly counts: UnitCounts;
  readonly hosts: ScanHost[];
  readonly ports: ScanPort[];
  /** What probes found at open ports. */
  readonly findings: ScanEvent[];
  readonly errors: RunError[];
}

/** A unit none of whose hosts was opened yet. */
export function openUnit(unit: Unit): OpenUnit {
  return {
    unit,
    startedAt: Date.now(),
    nextPosition: unit.first,
    openHosts: 0,
    counts: newUnitCounts(),
    hosts: [],
    ports: [],
    findings: [],
    errors: [],
  };
}

/**
 * The units of a scan between its caller and its hosts: opens them one by one as hosts need them, and
 * hands the events of each finished one over as a batch.
 */
export class Units {
  readonly #queue: UnitQueue;
  readonly #runId: string;
  readonly #open = new Set<OpenUnit>();
  readonly #batches: (readonly ScanEvent[])[] = [];
  /** The unit that hosts are opened from. */
  #current: OpenUnit | undefined;
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(queue: UnitQueue, runId: string) {
    this.#queue = queue;
    this.#runId = runId;
  }

  /** Every unit is finished, or the scan was closed. */
  get isOver(): boolean {
    return this.#isClosed || (this.#queue.isExhausted && this.#open.size === 0);
  }

  /**
   * The unit whose next host is to be opened; undefined where there is none now.
   *
   * @throws what the caller's units threw
   */
  next(): OpenUnit | undefined {
    const current = this.#current;
    if (current && current.nextPosition <= current.unit.last) return current;
    if (this.#batches.length >= untakenUnits) return undefined;
    const unit = this.#queue.take();
    if (!unit) return undefined;
    this.#current = openUnit(unit);
    this.#open.add(this.#current);
    return this.#current;
  }

  /** Finishes a unit whose hosts were all opened and closed. */
  finishIfDone(open: OpenUnit): void {
    if (open.openHosts === 0 && open.nextPosition > open.unit.last) this.#finish(open, 'completed');
  }

  /** Finishes every unit with what is known so far. */
  finishPartly(): void {
    for (const open of this.#open) this.#finish(open, 'partial');
  }

  /** The batches of finished units, until the scan is closed. */
  async *batches(): AsyncGenerator<readonly ScanEvent[]> {
    for (;;) {
      const batch = this.#batches.shift();
      if (batch) yield batch;
      else if (this.#isClosed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Ends the scan for both sides. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Closes a unit's batch: its events in the order of the contract, `run.unit` last. */
  #finish(open: OpenUnit, status: RunUnit['status']): void {
    const { hosts, ports, findings, errors, startedAt, counts } = open;
    const { index: unit, first, last } = open.unit;
    const end: RunUnit = {
      type: 'run.unit',
      run_id: this.#runId,
      unit,
      first,
      last,
      status,
      t_start: startedAt,
      t_end: Math.max(startedAt, Date.now()),
      counts: { ...counts },
    };
    this.#open.delete(open);
    this.#batches.push([...hosts, ...ports, ...findings, ...errors, end]);
    this.#wake();
  }
}
