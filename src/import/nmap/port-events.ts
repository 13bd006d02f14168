import { omitUndefined } from '../../core/omit-undefined.ts';
import type { ScanEvent, Service } from '../../core/events.ts';
import { portStates, type Reason, transports } from '../../core/states.ts';
import { tlsServiceName } from '../../core/tls-service-name.ts';
import { masscanBanner, unmasked } from '../masscan/masscan-events.ts';
import { asPort, asWord } from '../json-object.ts';
import type { HostContext, HostPlace } from './host-context.ts';
import { reasonOf } from './reason.ts';
import type { PortFacts } from './port-facts.ts';
import { certificateOf, scriptOf } from './script-events.ts';
import { serviceAttributes } from './service-attributes.ts';
import { attribute, childOf, childrenOf, shareOf, type XmlElement } from './xml-tree.ts';

/** masscan writes hosts that answered a ping as ports of these protocols. */
const pings: Readonly<Record<string, Reason>> = { icmp: 'echo-reply', arp: 'arp-response' };

/** Appends the events of a `<port>` element: its state, its banner, the results of scripts. */
export function addPortEvents(
  events: ScanEvent[],
  port: XmlElement,
  { run_id, addr, first, t }: HostPlace,
  context: HostContext,
): void {
  const facts = (port.facts ??= factsOf(port));
  if (facts === 'none') {
    const protocol = port.attributes['protocol'] ?? '';
    const reason = pings[protocol];
    if (!reason) return context.skip(`${protocol} port`);
    events.push({ type: 'scan.host', run_id, addr, state: 'up', reason, t });
    return;
  }
  const { at, seen, said, scripts } = facts;
  if (seen) events.push({ type: 'scan.port', run_id, addr, ...seen, t_first: first, t_last: t });
  if (said) events.push({ type: 'scan.banner', run_id, addr, ...at, ...said, t });
  for (const result of scripts) {
    events.push({ type: 'scan.script', run_id, addr, ...at, ...result, t });
    const pem = certificateOf(result);
    if (pem === undefined) continue;
    events.push({ type: 'scan.tls', run_id, addr, ...at, tls: { chain: [pem] }, t });
  }
}

function factsOf(element: XmlElement): PortFacts | 'none' {
  const transport = asWord(transports, element.attributes['protocol']);
  const port = asPort(element.attributes['portid']);
  if (!transport || port === undefined) return 'none';
  const at = { transport, port };
  const service = childOf(element, 'service');
  const banner = attribute(service, 'banner');
  const protocol = attribute(service, 'name') ?? 'unknown';
  return {
    at,
    seen: seenOf(element, at, service),
    said: banner === undefined ? undefined : { protocol, banner: masscanBanner(unmasked(banner)) },
    scripts: childrenOf(element, 'script').map(scriptOf),
  };
}

function seenOf(
  element: XmlElement,
  at: PortFacts['at'],
  service: XmlElement | undefined,
): PortFacts['seen'] {
  const state = childOf(element, 'state');
  const word = asWord(portStates, state?.attributes['state']);
  // masscan repeats the port with each banner.
  if (!state || !word || state.attributes['reason'] === 'response') return undefined;
  const about = omitUndefined({ service: service && serviceOf(service) });
  return { ...at, state: word, reason: reasonOf(state), ...about };
}

function serviceOf(element: XmlElement): Service | undefined {
  const name = attribute(element, 'name');
  if (name === undefined) return undefined;
  const isTls = element.attributes['tunnel'] === 'ssl';
  const cpes = childrenOf(element, 'cpe').map(({ text }) => text.trim());
  const method = attribute(element, 'method');
  return {
    name: isTls ? tlsServiceName(name) : name,
    ...omitUndefined({
      ...Object.fromEntries(
        serviceAttributes.map(([key, detail]) => [detail, attribute(element, key)]),
      ),
      cpe: cpes.join(' ') || undefined,
      confidence: shareOf(element, 'conf', 10),
      // Guessed from a table of port numbers; the method is `port` here.
      method: method === 'table' ? 'port' : method?.slice(0, 40),
    }),
  };
}
