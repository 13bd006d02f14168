import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImportChunk } from '../../src/core/event-batch.ts';
import { portStates, reasons, transports } from '../../src/core/states.ts';
import { readHere } from '../../src/import/read-import.ts';
import { requirement } from '../environment.ts';
import { canMakeNamespaces, connect, type Namespace, newNamespace } from '../network/namespace.ts';
import { all, below, parseDocument } from './dom.ts';

const server = `
  import http from 'node:http';
  import net from 'node:net';
  http.createServer((request, response) => {
    response.setHeader('Server', 'nginx/1.22.1');
    response.end('<title>A & <b> "C"</title>\\u0001é\\\\');
  }).listen(80, '::');
  net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end('SSH-2.0-OpenSSH_9.2p1 "Deb" & <x>\\r\\n');
  }).listen(22, '::', () => console.log('ready'));`;

/** A status or a banner, in masscan's words. */
interface Row {
  readonly addr: string;
  readonly proto: string;
  readonly port: number;
  /** Seconds. */
  readonly time: number;
  /** `open` and why, where the format says it; of a banner, its protocol and text. */
  readonly said: readonly (string | undefined)[];
  /** Where its record ends in the file. */
  readonly end: number;
}

interface Format {
  readonly option: string;
  /** A reading of its own. */
  readonly read: (text: string) => Row[];
}

const formats: Readonly<Record<string, Format>> = {
  'nmap-xml': { option: '-oX', read: readXml },
  'masscan-json': { option: '-oJ', read: readJson },
  'masscan-ndjson': { option: '-oD', read: readNdjson },
  'masscan-list': { option: '-oL', read: readList },
};

const canRun =
  canMakeNamespaces() &&
  requirement(
    'masscan',
    spawnSync('masscan', ['--version']).error === undefined,
    'apt-get install masscan',
  );

describe.runIf(canRun)("masscan's files", () => {
  let scanner: Namespace;
  let servers: Namespace;
  const folder = mkdtempSync(join(tmpdir(), 'portolan-masscan-'));
  const pathOf = (name: string): string => join(folder, name);

  beforeAll(async () => {
    scanner = newNamespace([]);
    servers = newNamespace(['10.9.0.0/22']);
    connect(scanner, servers, ['10.9.0.0/22']);
    const child = servers.start(process.execPath, ['--input-type=module', '-e', server]);
    await once(child.stdout!, 'data');
    // The kernel knows nothing of masscan's connections, and would end them.
    scanner.filter(['tcp dport 61000-61003 drop']);
    const router = servers.run('cat', ['/sys/class/net/near/address']).trim();
    // masscan waits for a packet before it ends, so somebody has to send some.
    servers.start('ping', ['-i', '0.1', '-q', '10.10.0.1']).stdout!.resume();
    const scans = Object.entries(formats).map(async ([name, { option }], i) => {
      const how = ['-e', 'far', '--router-mac', router, '--rate', '100', '--wait', '3'];
      const what = ['10.9.0.0/30', '-p', '22,80,81', '--ping', '--banners'];
      const words = [...what, ...how, '--source-port', String(61_000 + i), option, pathOf(name)];
      const masscan = scanner.start('masscan', words);
      masscan.stdout!.resume();
      await once(masscan, 'exit');
    });
    await Promise.all(scans);
  });

  afterAll(() => {
    scanner?.[Symbol.dispose]();
    servers?.[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  test.each(Object.keys(formats))('%s: every field is what another reading finds', async (name) => {
    const rows = formats[name]!.read(readFileSync(pathOf(name), 'utf8'));
    expect(rows.length).toBeGreaterThan(3);
    const chunks = await Array.fromAsync(readHere({ path: pathOf(name) }));
    expect(observed(chunks)).toEqual(expected(rows));
    expect(chunks.at(-1)).toMatchObject({ badLines: 0, isTruncated: false, skipped: {} });
    const [{ batch }] = chunks as [ImportChunk];
    expect(batch.events.at(-1)).toMatchObject({ type: 'run.finish', status: 'completed' });
  });

  test.each(Object.keys(formats))('%s: cut anywhere, no complete record is lost', async (name) => {
    const bytes = readFileSync(pathOf(name));
    const rows = formats[name]!.read(bytes.toString());
    const path = pathOf('cut');
    for (let size = rows[0]!.end + 1; size < bytes.length - 1; size += 19) {
      writeFileSync(path, bytes.subarray(0, size));
      const complete = rows.filter(({ end }) => end <= size);
      const chunks = await Array.fromAsync(readHere({ path }, name));
      const found = observed(chunks);
      const wanted = expected(complete);
      // Of the record that is cut, what is told is true.
      const next = expected(rows.slice(0, complete.length + 1));
      for (const kind of ['hosts', 'ports', 'banners'] as const) {
        expect(found[kind].slice(0, wanted[kind].length)).toEqual(wanted[kind]);
        expect(next[kind].length).toBeGreaterThanOrEqual(found[kind].length);
        const [more, whole] = [found[kind].at(-1), next[kind].at(-1)];
        if (found[kind].length === next[kind].length)
          expect(withoutText(more)).toEqual(withoutText(whole));
      }
      // Lines of NDJSON do not tell whether more were to come.
      if (name === 'masscan-ndjson' || complete.length === rows.length) continue;
      const ends = chunks.flatMap(({ batch }) =>
        batch.events.filter(({ type }) => type === 'run.finish'),
      );
      expect(ends).toEqual([]);
    }
  });
});

type Fields = Readonly<Record<string, unknown>>;
interface Facts {
  readonly hosts: readonly Fields[];
  readonly ports: readonly Fields[];
  readonly banners: readonly Fields[];
}

function withoutText(fields: Fields | undefined): Fields | undefined {
  return fields && { ...fields, banner: undefined };
}

function observed(chunks: readonly ImportChunk[]): Facts {
  const events = chunks.flatMap(({ batch }) => batch.events);
  const of = (type: string): Fields[] =>
    events
      .filter((event) => event.type === type)
      .map(({ type: _type, run_id: _run, ...fields }) => fields);
  const ports = chunks.flatMap(({ batch: { ports: p } }) =>
    Array.from({ length: p.length }, (_, i) => ({
      addr: p.addresses[p.address[i]!],
      transport: transports[p.transport[i]!],
      port: p.port[i],
      state: portStates[p.state[i]!],
      reason: reasons[p.reason[i]!],
      t: p.last[i],
    })),
  );
  return { hosts: of('scan.host'), ports, banners: of('scan.banner') };
}

function expected(rows: readonly Row[]): Facts {
  const of = (wanted: (row: Row) => boolean, fields: (row: Row) => Fields): Fields[] =>
    rows.filter(wanted).map((row) => ({ addr: row.addr, ...fields(row), t: row.time * 1000 }));
  const isPing = ({ proto }: Row): boolean => proto === 'icmp';
  const isStatus = ({ said }: Row): boolean => said[0] === 'open' || said[0] === 'closed';
  const place = ({ proto, port }: Row): Fields => ({ transport: proto, port });
  return {
    hosts: of(isPing, () => ({ state: 'up', reason: 'echo-reply' })),
    ports: of(
      (row) => isStatus(row) && !isPing(row),
      (row) => ({ ...place(row), state: row.said[0], reason: row.said[1] ?? 'syn-ack' }),
    ),
    banners: of(
      (row) => !isStatus(row),
      (row) => ({ ...place(row), protocol: row.said[0], banner: inOneLine(row.said[1]!) }),
    ),
  };
}

/** As banners stand in every table. */
function inOneLine(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\r', '\\r').replaceAll('\n', '\\n');
}

/** Lists and XML have `\\x22` where JSON has `\\u0022`. */
function withoutMask(text: string): string {
  return JSON.parse(`"${text.replaceAll('"', '\\"').replaceAll('\\x', '\\u00')}"`) as string;
}

function readXml(text: string): Row[] {
  const ends = [...text.matchAll(/<\/host>/g)].map(({ index }) => index + 7);
  return all(parseDocument(text), 'host').map((host, i) => {
    const [port] = all(host, 'port');
    const [state] = below(port, 'state');
    const [service] = below(port, 'service');
    const said = service
      ? [service.at['name'], withoutMask(service.at['banner']!)]
      : [state!.at['state'], state!.at['reason']];
    return {
      addr: all(host, 'address')[0]!.at['addr']!,
      proto: port!.at['protocol']!,
      port: Number(port!.at['portid']),
      time: Number(host.at['endtime']),
      said,
      end: Buffer.byteLength(text.slice(0, ends[i])),
    };
  });
}

interface JsonPort {
  readonly port: number;
  readonly proto: string;
  readonly status?: string;
  readonly reason?: string;
  readonly service?: { readonly name: string; readonly banner: string };
}

function readJson(text: string): Row[] {
  const ends = endsOf(text, /^\{.*$/gm);
  const list = JSON.parse(text) as { ip: string; timestamp: string; ports: [JsonPort] }[];
  return list.map(({ ip, timestamp, ports: [{ port, proto, status, reason, service }] }, i) => ({
    addr: ip,
    proto,
    port,
    time: Number(timestamp),
    said: service ? [service.name, service.banner] : [status, reason],
    end: ends[i]!,
  }));
}

function readNdjson(text: string): Row[] {
  const ends = endsOf(text, /^\{.*$/gm);
  return text
    .trim()
    .split('\n')
    .map((line, i) => {
      const row = JSON.parse(line) as Readonly<Record<string, string>> & {
        data: Readonly<Record<string, string>>;
      };
      const { status, reason, service_name: service, banner } = row.data;
      return {
        addr: row['ip']!,
        proto: row['proto']!,
        port: Number(row['port']),
        time: Number(row['timestamp']),
        said: row['rec_type'] === 'banner' ? [service, banner] : [status, reason],
        end: ends[i]!,
      };
    });
}

function readList(text: string): Row[] {
  const ends = endsOf(text, /^[^#\n].*$/gm);
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line, i) => {
      const [word, proto, port, addr, time, service, ...banner] = line.split(' ');
      const said = word === 'banner' ? [service, withoutMask(banner.join(' '))] : [word];
      const at = { addr: addr!, proto: proto!, port: Number(port), time: Number(time) };
      return { ...at, said, end: ends[i]! };
    });
}

function endsOf(text: string, record: RegExp): number[] {
  return [...text.matchAll(record)].map(({ index, 0: found }) =>
    Buffer.byteLength(text.slice(0, index + found.length)),
  );
}
