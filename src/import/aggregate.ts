import { omitUndefined } from '../core/omit-undefined.ts';
import type { ScanEvent, Service } from '../core/events.ts';
import { portStates, transports } from '../core/states.ts';
import {
  type AnyObject,
  asCount,
  asObject,
  asPort,
  asText,
  asTexts,
  asTime,
  asWebUrl,
  asWord,
  firstAddress,
  portOf,
} from './json-object.ts';
import { objectImporter, type RecordContext } from './records.ts';

/**
 * The aggregate lines that preceded the events of the V1 data set: a host with its `open` ports, or
 * a page with its `final_url`.
 */
export const aggregate = objectImporter({
  name: 'aggregate',
  title: 'older aggregate lines ("open", "final_url")',
  matches: (line) => 'open' in line || 'final_url' in line,
  newParser: () => aggregateEvents,
  isChecked: true,
});

/** The events of an aggregate line, or the error in it. */
export function aggregateEvents(
  line: AnyObject,
  context: RecordContext,
): readonly ScanEvent[] | string {
  const isPage = typeof line['final_url'] === 'string';
  if (!isPage && !('open' in line)) return 'it has neither "open" nor "final_url"';
  const url = asWebUrl(line['final_url']) ?? asWebUrl(line['url']);
  const names = ['addr', 'address', 'ip', 'host_ip', 'host', 'target'].map((key) => line[key]);
  const addr = firstAddress([...names, url?.hostname]);
  if (addr === undefined) return 'it has no address';
  const stamp = ['t', 'ts', 'time', 'timestamp', 'scanned_at', 'collected_ms'].map((key) =>
    asTime(line[key]),
  );
  const t = context.time(stamp.find((time) => time !== undefined));
  const at = { run_id: context.runId, addr, t };
  const name = ['hostname', 'host', 'target', 'domain']
    .map((key) => asText(line[key]))
    .find((text) => text !== undefined && firstAddress([text]) === undefined);
  const events = openPorts(line, at);
  if (isPage && url) events.push(pageEvent(line, at, url));
  if (name !== undefined) {
    events.push({ type: 'scan.host', ...at, state: 'up', reason: 'syn-ack', hostname: name });
  }
  return events;
}

interface At {
  readonly run_id: string;
  readonly addr: string;
  readonly t: number;
}

/** `open` is a list of numbers, of `443/tcp`, or of objects with a `port`; or true beside `port`. */
function openPorts(line: AnyObject, { run_id, addr, t }: At): ScanEvent[] {
  const list: unknown[] = Array.isArray(line['open'])
    ? line['open']
    : line['open'] === true
      ? [line]
      : Object.keys(asObject(line['open']) ?? {});
  return list.flatMap((each): ScanEvent[] => {
    const entry = asObject(each) ?? {};
    const [number, word] = asText(asObject(each) ? entry['port'] : each)?.split('/') ?? [];
    const port = asPort(number);
    if (port === undefined) return [];
    const transport = asWord(transports, word ?? entry['transport'] ?? entry['protocol']) ?? 'tcp';
    const state = asWord(portStates, entry['state']) ?? 'open';
    const service = serviceOf(entry);
    const what = { transport, port, state, ...(service && { service }) };
    return [{ type: 'scan.port', run_id, addr, ...what, t_first: t, t_last: t }];
  });
}

function serviceOf(entry: AnyObject): Service | undefined {
  const name = asText(entry['service'] ?? entry['service_name'] ?? entry['name']);
  if (name === undefined) return undefined;
  return {
    name,
    ...omitUndefined({ product: asText(entry['product']), version: asText(entry['version']) }),
  };
}

function pageEvent(line: AnyObject, at: At, url: URL): ScanEvent {
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const tags = asTexts(line['tech_tags'] ?? line['tech'] ?? line['technologies']);
  return {
    type: 'web.endpoint',
    run_id: at.run_id,
    addr: at.addr,
    transport: 'tcp',
    port: portOf(url),
    scheme,
    authority: url.host,
    path: `${url.pathname}${url.search}`,
    status: asCount(line['status'] ?? line['status_code']) ?? 0,
    h2: line['h2'] === 1 || line['h2'] === true || line['http2'] === true ? 1 : 0,
    ...omitUndefined({
      server_header: asText(line['server_header'] ?? line['server'] ?? line['webserver']),
      content_type: asText(line['content_type']),
      content_length: asCount(line['content_length']),
      title: asText(line['title']),
      tech_tags: tags.length > 0 ? tags : undefined,
    }),
    t: at.t,
  };
}
