import { isAddress } from '../core/address.ts';
import { defined } from '../core/defined.ts';
import type { ScanEvent, Service } from '../core/events.ts';
import { transports } from '../core/states.ts';
import { checked } from './checked.ts';
import { type AnyObject, asObject, asPort, asText, asTexts, asTime, asWord } from './object.ts';
import { objectReader, type ParseObject } from './records.ts';

/** `naabu -json`: an open port a line. */
export const readNaabu = objectReader('naabu', newParser);

/** What is said of a host is said on each of its lines: once is enough. */
function newParser(): ParseObject {
  const named = new Map<string, string>();
  return (line, context) => {
    const { ip } = line;
    // Some versions write {"Port": 443, "Protocol": 0, "TLS": false}.
    const nested = asObject(line['port']);
    const port = asPort(nested ? nested['Port'] : line['port']);
    if (typeof ip !== 'string' || !isAddress(ip)) return `"${asText(ip)}" is no address`;
    if (port === undefined) return `"${asText(line['port'])}" is no port`;
    const isUdp = nested?.['Protocol'] === 1;
    const transport = asWord(transports, line['protocol']) ?? (isUdp ? 'udp' : 'tcp');
    const t = context.time(asTime(line['timestamp']));
    const service = serviceOf(line);
    const event: ScanEvent = {
      type: 'scan.port',
      run_id: context.runId,
      addr: ip,
      transport,
      port,
      state: 'open',
      ...(service && { service }),
      t_first: t,
      t_last: t,
    };
    const about = hostOf(line, ip);
    const key = about && JSON.stringify(about);
    if (!about || key === named.get(ip)) return [event];
    if (named.size >= maxNamed) named.clear();
    named.set(ip, key!);
    const how = { state: 'up' as const, reason: 'unknown' as const };
    const host = checked({
      type: 'scan.host',
      run_id: context.runId,
      addr: ip,
      ...how,
      ...about,
      t,
    });
    return typeof host === 'string' ? host : [host, event];
  };
}

/** Hosts that are remembered. */
const maxNamed = 100_000;

function hostOf(line: AnyObject, ip: string): { hostname?: string; mac?: string } | undefined {
  const { host } = line;
  const hostname = typeof host === 'string' && host !== ip ? host : undefined;
  const mac = line['mac_address'] === undefined ? undefined : asText(line['mac_address']);
  if (hostname === undefined && mac === undefined) return undefined;
  return defined({ hostname, mac: mac?.toLowerCase() });
}

function serviceOf(line: AnyObject): Service | undefined {
  const name = asText(line['name']) ?? (line['tls'] === true ? 'tls' : undefined);
  if (name === undefined) return undefined;
  const confidence = Number(line['confidence'] ?? Number.NaN);
  return {
    name,
    ...defined({
      product: asText(line['product']),
      version: asText(line['version']),
      extra_info: asText(line['extra_info']),
      cpe: asTexts(line['cpes']).join(' ') || undefined,
      hostname: asText(line['hostname']),
      os_type: asText(line['os_type']),
      device_type: asText(line['device_type']),
      // Of nmap's: 0 to 10.
      confidence: confidence >= 0 && confidence <= 10 ? confidence / 10 : undefined,
    }),
  };
}
