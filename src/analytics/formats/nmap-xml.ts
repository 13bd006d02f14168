import { omitUndefined } from '../../core/omit-undefined.ts';
import type { NotShown } from '../../core/events.ts';
import { parsePorts, portRuns, type PortSet } from '../../core/ports.ts';
import { AppError } from '../../errors.ts';
import { serviceAttributes } from '../../import/nmap/service-attributes.ts';
import { isOwn, type Job } from '../../store/scans/jobs.ts';
import type { ScannedHost, ScannedPort } from '../../store/export/scanned-hosts.ts';
import { cpeElements, hostScripts, osElement, portScripts, traceElement } from './nmap-checks.ts';
import { empty, open } from './xml.ts';

/**
 * A scan in the format of `nmap -oX` (DTD 1.05), for programs that read it: ndiff, xsltproc with
 * nmap's style sheet, importers. Data that the format cannot express is omitted.
 */
export async function* nmapXml(
  job: Job,
  hosts: AsyncIterable<ScannedHost>,
): AsyncGenerator<string> {
  const began = job.started_at ?? job.requested_at;
  const ended = job.completed_at ?? began;
  const args = Array.isArray(job.args) ? job.args.join(' ') : '';
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n${open('nmaprun', {
    // The document type allows only this word; args and version name the scanner.
    scanner: 'nmap',
    args: isOwn(job) ? `portolan ${args}` : args,
    start: seconds(began),
    startstr: new Date(began).toUTCString(),
    version: job.tool_version?.replace(/^nmap /, '') ?? '',
    xmloutputversion: '1.05',
  })}\n${scanInfo(job)}<verbose level="0"/><debugging level="0"/>\n`;
  const counts = { up: 0, down: 0, total: 0 };
  for await (const host of hosts) {
    counts.total++;
    if (host.host.state === 'up') counts.up++;
    if (host.host.state === 'down') counts.down++;
    yield hostElement(host);
  }
  const exit = job.status === 'completed' && !job.is_partial ? 'success' : 'error';
  yield `<runstats>${empty('finished', {
    time: seconds(ended),
    timestr: new Date(ended).toUTCString(),
    elapsed: ((ended - began) / 1000).toFixed(2),
    exit,
    ...(exit === 'error' && { errormsg: job.error_message ?? 'the scan is not complete' }),
  })}${empty('hosts', counts)}</runstats>\n</nmaprun>\n`;
}

/** The scanned ports, if the coverage has them. */
function scanInfo({ coverage }: Job): string {
  const set = portsOf(coverage['ports']);
  return (['tcp', 'udp'] as const)
    .filter((protocol) => set[protocol].length > 0)
    .map((protocol) => {
      const type = protocol === 'tcp' ? 'connect' : 'udp';
      const runs = portRuns(set[protocol]);
      const services = runs.map(({ first, last }) => (first === last ? first : `${first}-${last}`));
      const numservices = set[protocol].length;
      return `${empty('scaninfo', { type, protocol, numservices, services: services.join(',') })}\n`;
    })
    .join('');
}

/** Another scanner's stream may describe its coverage in its own terms. */
function portsOf(text: unknown): PortSet {
  try {
    if (typeof text === 'string') return parsePorts(text);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return { tcp: [], udp: [] };
}

function hostElement(scanned: ScannedHost): string {
  const { host, ports } = scanned;
  const addrtype = host.addr.includes(':') ? 'ipv6' : 'ipv4';
  const reason = host.reason ?? 'unknown-response';
  const { mac, vendor } = host;
  const addresses = [
    empty('address', { addr: host.addr, addrtype }),
    ...(mac ? [empty('address', { addr: mac, addrtype: 'mac', ...(vendor && { vendor }) })] : []),
  ];
  const name = host.hostname ? empty('hostname', { name: host.hostname, type: 'PTR' }) : '';
  const inside = `${extraPorts(host.not_shown ?? [])}${ports.map(portElement).join('')}`;
  const began = ports.reduce((first, { port }) => Math.min(first, port.first_seen), host.t);
  return [
    open('host', { starttime: seconds(began), endtime: seconds(host.t) }),
    empty('status', { state: host.state, reason, reason_ttl: 0 }),
    ...addresses,
    `<hostnames>${name}</hostnames>`,
    inside === '' ? '' : `<ports>${inside}</ports>`,
    osElement(scanned),
    hostScripts(scanned),
    traceElement(scanned),
    '</host>\n',
  ].join('');
}

/** Counts of unlisted ports, one element per state. */
function extraPorts(notShown: readonly NotShown[]): string {
  return [...Map.groupBy(notShown, ({ state }) => state)]
    .map(([state, list]) => {
      const count = list.reduce((sum, each) => sum + each.count, 0);
      const reasons = list.map((each) =>
        empty('extrareasons', { reason: each.reason, count: each.count, proto: each.transport }),
      );
      return `${open('extraports', { state, count })}${reasons.join('')}</extraports>`;
    })
    .join('');
}

function portElement(scanned: ScannedPort): string {
  const { port, handshakes } = scanned;
  const state = empty('state', {
    state: port.state,
    reason: port.reason ?? 'unknown-response',
    reason_ttl: 0,
  });
  const service = serviceElement(port, handshakes.length > 0);
  const place = open('port', { protocol: port.transport, portid: port.port });
  return `${place}${state}${service}${portScripts(scanned)}</port>`;
}

function serviceElement(port: ScannedPort['port'], isTls: boolean): string {
  if (port.service === undefined) return '';
  const isProbed = port.method !== undefined && port.method !== 'port';
  const texts = serviceAttributes.map(([attribute, detail]) => [attribute, port[detail]]);
  const attributes = {
    name: port.service,
    ...omitUndefined(Object.fromEntries(texts)),
    ...(isTls && port.service !== 'https' && { tunnel: 'ssl' }),
    method: isProbed ? 'probed' : 'table',
    conf: Math.round((port.confidence ?? 0.3) * 10),
  };
  return `${open('service', attributes)}${cpeElements(port.cpe)}</service>`;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
