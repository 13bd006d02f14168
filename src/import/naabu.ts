import { isAddress } from '../core/address.ts';
import { omitUndefined } from '../core/omit-undefined.ts';
import type { ScanEvent, Service } from '../core/events.ts';
import { transports } from '../core/states.ts';
import {
  type AnyObject,
  asNumberTo,
  asObject,
  asPort,
  asText,
  asTexts,
  asTime,
  asWord,
} from './json-object.ts';
import { objectImporter, type ParseObject } from './records.ts';

/** Maximum number of remembered hosts. */
const maxNamed = 100_000;

/** `naabu -json`: one open port per line. */
export const naabu = objectImporter({
  name: 'naabu',
  title: 'naabu (-json)',
  matches: (line) =>
    'ip' in line &&
    asPort(asObject(line['port'])?.['Port'] ?? line['port']) !== undefined &&
    !['ports', 'data', 'url'].some((key) => key in line),
  newParser,
  isChecked: true,
});

/** Each line repeats the host's details; once is enough. */
function newParser(): ParseObject {
  const named = new Map<string, string>();
  return (line, context) => {
    const { ip } = line;
    // Some versions write {"Port": 443, "Protocol": 0, "TLS": false}.
    const nested = asObject(line['port']);
    const port = asPort(nested ? nested['Port'] : line['port']);
    if (typeof ip !== 'string' || !isAddress(ip)) return `"${asText(ip)}" is not an address`;
    if (port === undefined) return `"${asText(line['port'])}" is not a port`;
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
    const key = JSON.stringify(about);
    if (key === '{}' || key === named.get(ip)) return [event];
    if (named.size >= maxNamed) named.clear();
    named.set(ip, key);
    const run_id = context.runId;
    const isUp = { state: 'up', reason: 'unknown' } as const;
    return [{ type: 'scan.host', run_id, addr: ip, ...isUp, ...about, t }, event];
  };
}

function hostOf({ host, mac_address: mac }: AnyObject, ip: string) {
  const hostname = typeof host === 'string' && host !== ip ? host : undefined;
  return omitUndefined({ hostname, mac: asText(mac)?.toLowerCase() });
}

function serviceOf(line: AnyObject): Service | undefined {
  const name = asText(line['name']) ?? (line['tls'] === true ? 'tls' : undefined);
  if (name === undefined) return undefined;
  // nmap's confidence, 0 to 10.
  const confidence = asNumberTo(10, line['confidence']);
  return {
    name,
    ...omitUndefined({
      product: asText(line['product']),
      version: asText(line['version']),
      extra_info: asText(line['extra_info']),
      cpe: asTexts(line['cpes']).join(' ') || undefined,
      hostname: asText(line['hostname']),
      os_type: asText(line['os_type']),
      device_type: asText(line['device_type']),
      confidence: confidence === undefined ? undefined : confidence / 10,
    }),
  };
}
