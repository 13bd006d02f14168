import type { NotShown } from '../../core/events.ts';
import { parsePorts, portRuns, type PortSet } from '../../core/ports.ts';
import { serviceAttributes } from '../../import/nmap/service-attributes.ts';
import { AppError } from '../../errors.ts';
import { isOwn, type Job } from '../../store/scans/jobs.ts';
import type { ScannedHost, ScannedPort } from '../../store/export/scanned-hosts.ts';
import { fromJson } from '../../store/tables.ts';
import { hostScripts, osElement, portScripts, traceElement } from './nmap-checks.ts';
import { empty, escape, open } from './xml.ts';

/**
 * A scan as `nmap -oX` writes it (DTD 1.05), for the programs that read that: ndiff, xsltproc with
 * nmap's style sheet, importers. What the format has no place for is left out.
 */
export async function* nmapXml(
  job: Job,
  hosts: AsyncIterable<ScannedHost>,
): AsyncGenerator<string> {
  const began = job.started_at ?? job.requested_at;
  const ended = job.completed_at ?? began;
  const args = Array.isArray(job.args) ? job.args.join(' ') : '';
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n${open('nmaprun', {
    // The document type knows this word alone; args and version say who it was.
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

/** What the scan looked at, as far as its coverage tells. */
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

/** Another scanner's stream may say what it covered in words of its own. */
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
  const addrtype = host.address.includes(':') ? 'ipv6' : 'ipv4';
  const reason = host.reason ?? 'unknown-response';
  const { mac, vendor } = host;
  const addresses = [
    empty('address', { addr: host.address, addrtype }),
    ...(mac ? [empty('address', { addr: mac, addrtype: 'mac', ...(vendor && { vendor }) })] : []),
  ];
  const name = host.hostname ? empty('hostname', { name: host.hostname, type: 'PTR' }) : '';
  const extra = (fromJson(host.not_shown) as NotShown[] | null) ?? [];
  const inside = `${extraPorts(extra)}${ports.map(portElement).join('')}`;
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

/** Counts of ports that are not listed, an element a state. */
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
  if (port.service === null) return '';
  const known = serviceAttributes.flatMap(([attribute, detail]) => {
    const value = port[detail];
    return value === null ? [] : [[attribute, value] as const];
  });
  const isProbed = port.method !== null && port.method !== 'port';
  const attributes = {
    name: port.service,
    ...Object.fromEntries(known),
    ...(isTls && port.service !== 'https' && { tunnel: 'ssl' }),
    method: isProbed ? 'probed' : 'table',
    conf: Math.round((port.confidence ?? 0.3) * 10),
  };
  const cpes = port.cpe?.split(' ').map((one) => `<cpe>${escape(one)}</cpe>`) ?? [];
  return `${open('service', attributes)}${cpes.join('')}</service>`;
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
