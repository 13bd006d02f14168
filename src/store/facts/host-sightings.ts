import { canonicalAddress } from '../../core/address.ts';
import type { EventBatch } from '../../core/event-batch.ts';
import { entryAt, PortCursor } from '../../core/port-cursor.ts';
import type { ScanHost } from '../../core/events.ts';
import { canonicalMac } from '../../core/mac.ts';
import {
  type HostState,
  portStates,
  type PortState,
  type Reason,
  reasons,
} from '../../core/states.ts';

/** Everything in a batch about one host. */
export interface HostSighting {
  readonly address: string;
  /** Epoch ms of the earliest and latest event about the host. */
  first: number;
  last: number;
  /** From its newest `scan.host`; otherwise `up` if a port answered, else `unknown`. */
  state: HostState;
  reason: Reason | undefined;
  /** Its newest `scan.host`, completed from older ones. */
  event: ScanHost | undefined;
}

const answering = new Set<PortState>(['open', 'closed', 'unfiltered']);
/** By state code. */
const isAnswering = portStates.map((state) => answering.has(state));

/** The hosts in a batch by canonical address, in order of appearance. */
export function hostSightings(batch: EventBatch): Map<string, HostSighting> {
  const sightings = new Map<string, HostSighting>();
  addPorts(sightings, batch);
  for (const event of batch.events) {
    if (!('addr' in event) || event.addr === undefined) continue;
    const sighting = sightingOf(sightings, canonicalAddress(event.addr), event.t, event.t);
    if (event.type !== 'scan.host') continue;
    const [known, told] = [sighting.event, withMac(event)];
    // A later line does not clear the fields that it omits.
    sighting.event = event.t < (known?.t ?? 0) ? { ...told, ...known } : { ...known, ...told };
  }
  for (const sighting of sightings.values()) {
    if (!sighting.event) continue;
    sighting.state = sighting.event.state;
    sighting.reason = sighting.event.reason;
  }
  return sightings;
}

/** Normalizes a MAC address; undefined for anything else. */
function withMac(event: ScanHost): ScanHost {
  if (event.mac === undefined) return event;
  const { mac, ...others } = event;
  const canonical = canonicalMac(mac);
  return canonical === undefined ? others : { ...others, mac: canonical };
}

function addPorts(sightings: Map<string, HostSighting>, { ports }: EventBatch): void {
  const byIndex: HostSighting[] = [];
  for (const { address: index, first, last, state, reason } of new PortCursor(ports)) {
    const known = byIndex[index];
    const sighting = known ?? sightingOf(sightings, entryAt(ports.addresses, index), first, last);
    if (known) widen(known, first, last);
    else byIndex[index] = sighting;
    if (sighting.state !== 'up' && isAnswering[state]) {
      sighting.state = 'up';
      sighting.reason = reasons[reason];
    }
  }
}

function sightingOf(
  sightings: Map<string, HostSighting>,
  address: string,
  first: number,
  last: number,
): HostSighting {
  let sighting = sightings.get(address);
  if (sighting) {
    widen(sighting, first, last);
  } else {
    sighting = { address, first, last, state: 'unknown', reason: undefined, event: undefined };
    sightings.set(address, sighting);
  }
  return sighting;
}

/** The timestamps of a host's rows. */
interface SightingTimes {
  readonly first_seen: number;
  /** When it was up. */
  readonly last_seen: number | null;
  /** 0 if its state is unknown, so that any newer observation wins. */
  readonly checked_at: number;
  readonly t: number;
}

export function timesOf({ state, first, last, event }: HostSighting): SightingTimes {
  return {
    first_seen: first,
    last_seen: state === 'up' ? last : null,
    checked_at: state === 'unknown' ? 0 : last,
    t: event?.t ?? last,
  };
}

function widen(sighting: HostSighting, first: number, last: number): void {
  if (first < sighting.first) sighting.first = first;
  if (last > sighting.last) sighting.last = last;
}
