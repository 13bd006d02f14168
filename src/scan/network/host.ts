import type { Reason } from '../../core/states.ts';
import type { ProbeResult } from '../../probe/probe.ts';
import type { EngineAddress } from './engine-address.ts';
import type { Pass, PassHost } from './pass.ts';
import type { OpenUnit } from './units.ts';

/** A host with at least so many ports open, and this part of all that were tried, is suspect. */
const suspectPorts = 100;
const suspectPart = 0.9;

/** What a probe found at an open TCP port; no service where the probe itself failed. */
export interface PortFinding extends Omit<ProbeResult, 'service'> {
  readonly port: number;
  readonly service?: ProbeResult['service'];
  /** Epoch ms. */
  readonly t: number;
}

/** A host while it is scanned. */
export interface Host extends PassHost {
  readonly unit: OpenUnit;
  /** The user named it by its own address: it gets a row even where it is down. */
  readonly isNamed: boolean;
  /** Passes over the ports that the user asked for, begun or done. */
  readonly passes: Pass[];
  /** Why the host is known to be up. */
  upReason: Reason | undefined;
  /** What routers and firewalls answered in its place, first answer. */
  downReason: Reason | undefined;
  isTimedOut: boolean;
  /** Probes of its open ports that are queued or running. */
  probes: number;
  readonly findings: PortFinding[];
  /** Its events are in its unit. */
  isDone: boolean;
}

/** A host of a unit that nothing is known of yet. */
export function newHost(
  unit: OpenUnit,
  place: { readonly address: EngineAddress; readonly number: number; readonly isNamed: boolean },
): Host {
  return {
    ...place,
    unit,
    counts: unit.counts,
    startedAt: Date.now(),
    pass: undefined,
    passes: [],
    inFlight: 0,
    upReason: undefined,
    downReason: undefined,
    isTimedOut: false,
    faultName: undefined,
    faultsInARow: 0,
    faultsSinceMs: 0,
    probes: 0,
    findings: [],
    isDone: false,
  };
}

/** Whether almost every TCP port answers as open and none refuses: a middlebox or a tarpit. */
export function isSuspect({ passes }: Host): boolean {
  return passes.some(
    ({ list, open, refused, tried }) =>
      list.transport === 'tcp' &&
      open.size >= suspectPorts &&
      refused === 0 &&
      open.size >= suspectPart * tried,
  );
}
