import { canonicalAddress, isAddress } from '../../core/address.ts';
import { omitUndefined } from '../../core/omit-undefined.ts';
import type { NotShown, ScanEvent } from '../../core/events.ts';
import { hostScope } from '../../core/scope.ts';
import { hostStates, portStates, type Transport, transports } from '../../core/states.ts';
import { asWord } from '../json-object.ts';
import type { HostContext, HostPlace } from './host-context.ts';
import { osEvent } from './os-events.ts';
import { addPortEvents } from './port-events.ts';
import { reasonOf } from './reason.ts';
import { scriptOf } from './script-events.ts';
import { traceEvent } from './trace-events.ts';
import { attribute, childOf, childrenOf, countOf, timeOf, type XmlElement } from './xml-tree.ts';

/**
 * The events of a `<host>` element: the host, its ports and their data.
 *
 * @returns undefined if it has no address
 */
export function hostEvents(host: XmlElement, context: HostContext): ScanEvent[] | undefined {
  const addresses = childrenOf(host, 'address');
  const ip = addresses.map((address) => address.attributes['addr'] ?? '').find(isAddress);
  if (ip === undefined) return undefined;
  const started = timeOf(host, 'starttime');
  const t = timeOf(host, 'endtime') ?? started ?? context.startedAt;
  const first = Math.min(t, started ?? t);
  const place: HostPlace = { run_id: context.runId, addr: canonicalAddress(ip), first, t };
  const ports = childOf(host, 'ports');
  const events: ScanEvent[] = hostEvent(host, place, context);
  for (const port of childrenOf(ports, 'port')) addPortEvents(events, port, place, context);
  const scripts = childrenOf(childOf(host, 'hostscript'), 'script');
  const { run_id, addr } = place;
  for (const each of scripts) {
    events.push({ type: 'scan.script', run_id, addr, ...scriptOf(each), t });
  }
  events.push(...osEvent(host, place), ...traceEvent(host, place), ...faults(host, place));
  return events;
}

/** masscan writes hosts without a status; only their ports show that they are up. */
function hostEvent(host: XmlElement, place: HostPlace, context: HostContext): ScanEvent[] {
  const status = childOf(host, 'status');
  if (!status) return [];
  const mac = childrenOf(host, 'address').find(({ attributes: a }) => a['addrtype'] === 'mac');
  const notShown = childrenOf(childOf(host, 'ports'), 'extraports').flatMap((extra) =>
    notShownOf(extra, context),
  );
  return [
    {
      type: 'scan.host',
      run_id: place.run_id,
      addr: place.addr,
      state: asWord(hostStates, status.attributes['state']) ?? 'unknown',
      reason: reasonOf(status),
      ...omitUndefined({
        hostname: hostnameOf(host),
        mac: attribute(mac, 'addr')?.toLowerCase().slice(0, 40),
        vendor: attribute(mac, 'vendor'),
        os_family: attribute(bestClass(host), 'osfamily'),
        not_shown: notShown.length > 0 ? notShown.slice(0, 200) : undefined,
      }),
      t: place.t,
    },
  ];
}

/** The name that the user gave takes precedence over reverse DNS. */
function hostnameOf(host: XmlElement): string | undefined {
  const names = childrenOf(childOf(host, 'hostnames'), 'hostname');
  const named = names.find(({ attributes }) => attributes['type'] === 'user') ?? names[0];
  return attribute(named, 'name');
}

function bestClass(host: XmlElement): XmlElement | undefined {
  return childOf(childOf(childOf(host, 'os'), 'osmatch'), 'osclass');
}

/** Ports that are only counted; protocols other than TCP and UDP have no table. */
function notShownOf(extra: XmlElement, context: HostContext): NotShown[] {
  const state = asWord(portStates, extra.attributes['state']);
  if (!state) return [];
  const groups = childrenOf(extra, 'extrareasons');
  return (groups.length > 0 ? groups : [extra]).flatMap((group): NotShown[] => {
    const count = countOf(group, 'count');
    const transport = transportOf(group.attributes['proto'], context);
    if (!count) return [];
    if (transport) return [{ transport, state, reason: reasonOf(group), count }];
    context.skip(`${group.attributes['proto']} port`);
    return [];
  });
}

function transportOf(text: string | undefined, context: HostContext): Transport | undefined {
  return text === undefined ? context.transport : asWord(transports, text);
}

function faults(host: XmlElement, { run_id, addr, t }: HostPlace): ScanEvent[] {
  if (host.attributes['timedout'] !== 'true') return [];
  const scope = hostScope(addr);
  const message = 'nmap gave up on the host (--host-timeout): not all of its ports were scanned';
  return [{ type: 'run.error', run_id, scope, code: 'HOST_TIMEOUT', message, t }];
}
