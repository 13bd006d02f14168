import type { RunError, RunUnit, ScanEvent, ScanHost, ScanPort } from '../../core/events.ts';
import type { Unit } from '../../core/plan.ts';
import type { Host } from './host.ts';

/** Numbers of a unit, as its `run.unit` carries them. */
export interface UnitCounts {
  hosts: number;
  hosts_up: number;
  ports_open: number;
  probes_sent: number;
  probes_answered: number;
  probes_timed_out: number;
  probes_retried: number;
  local_faults: number;
  errors: number;
}

/** A unit while its hosts are scanned. */
export interface OpenUnit {
  readonly unit: Unit;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Position of the next host to open. */
  nextPosition: number;
  readonly active: Set<Host>;
  readonly counts: UnitCounts;
  readonly hosts: ScanHost[];
  readonly ports: ScanPort[];
  readonly said: ScanEvent[];
  readonly errors: RunError[];
}

/** A unit of which no host was opened yet. */
export function openUnit(unit: Unit): OpenUnit {
  return {
    unit,
    startedAt: Date.now(),
    nextPosition: unit.first,
    active: new Set(),
    counts: {
      hosts: 0,
      hosts_up: 0,
      ports_open: 0,
      probes_sent: 0,
      probes_answered: 0,
      probes_timed_out: 0,
      probes_retried: 0,
      local_faults: 0,
      errors: 0,
    },
    hosts: [],
    ports: [],
    said: [],
    errors: [],
  };
}

/** Whether every host of a unit was opened and is done. */
export function isUnitDone(open: OpenUnit): boolean {
  return open.nextPosition > open.unit.last && open.active.size === 0;
}

/** The batch of a unit: its events in the order of the contract, `run.unit` last. */
export function closeUnit(
  open: OpenUnit,
  runId: string,
  status: RunUnit['status'],
): readonly ScanEvent[] {
  const { index: unit, first, last } = open.unit;
  return [
    ...open.hosts,
    ...open.ports,
    ...open.said,
    ...open.errors,
    {
      type: 'run.unit',
      run_id: runId,
      unit,
      first,
      last,
      status,
      t_start: open.startedAt,
      t_end: Math.max(open.startedAt, Date.now()),
      counts: { ...open.counts },
    },
  ];
}
