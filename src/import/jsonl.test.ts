import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ImportChunk } from '../core/event-batch.ts';
import { scanPort } from '../core/events.ts';
import { portStates, reasons, transports } from '../core/states.ts';
import { sniff } from './importers.ts';
import { jsonl } from './jsonl.ts';
import { maxLineBytes } from './lines.ts';
import { isScanPort } from './port-line.ts';

async function read(text: string, chunkBytes = 1000): Promise<ImportChunk[]> {
  const bytes = Buffer.from(text);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += chunkBytes) yield bytes.subarray(i, i + chunkBytes);
  }
  const input = {
    chunks: chunks(),
    bytesRead: () => bytes.length,
    isCutOff: () => false,
    modifiedAt: 0,
    name: 'test',
  };
  return Array.fromAsync(jsonl.read(input));
}

const v1 = [
  '{"type":"scan.port","run_id":"018f...","addr":"192.0.2.10","transport":"tcp","port":443,"state":"open","reason":"syn-ack","t_first":1725900000101,"t_last":1725900000126}',
  '{"type":"web.endpoint","run_id":"018f...","addr":"192.0.2.10","transport":"tcp","port":443,"scheme":"https","authority":"app.example.com","path":"/","status":200,"h2":1,"server_header":"nginx","content_type":"text/html","favicon_hash":"mmh3:0x1a2b3c","tech_tags":["nginx","react"],"tls":{"ja3":"...","ja3s":"...","chain":["...PEM..."]},"t":1725900000456}',
  '{"type":"run.error","run_id":"018f...","scope":"port:192.0.2.10:tcp:443","code":"ECONNRESET","message":"connection reset by peer","t":1725900000501}',
];

test('the three lines of the V1 document are one run with a port, a page and an error', async () => {
  const chunks = await read(v1.join('\n'));
  expect(chunks).toHaveLength(1);
  expect(chunks[0]).toMatchObject({ runId: '018f...', lines: 3, badLines: 0, isTruncated: false });
  expect(chunks[0]?.batch.ports).toMatchObject({ length: 1, addresses: ['192.0.2.10'] });
  expect(chunks[0]?.batch.events.map(({ type }) => type)).toEqual(['web.endpoint', 'run.error']);
});

test('however the bytes are cut, the events are the same', async () => {
  const text = `${v1.join('\r\n')}\n{"type":"scan.banner","run_id":"018f...","addr":"::1","transport":"tcp","port":1,"protocol":"x","banner":"grüße ☃","t":5}\n`;
  const whole = await read(text, 1e6);
  for (const size of [1, 2, 7, 100]) expect(await read(text, size)).toEqual(whole);
});

test('a bad line becomes an error row with its number, and the lines after it are read', async () => {
  const [chunk] = await read([v1[0], 'nonsense', '{"type":"scan.port"}', '[]', v1[2]].join('\n'));
  expect(chunk?.badLines).toBe(3);
  const scopes = chunk?.batch.events.map((event) => ('scope' in event ? event.scope : ''));
  expect(scopes).toEqual(['line:2', 'line:3', 'line:4', 'port:192.0.2.10:tcp:443']);
});

test('bad lines before the first event belong to the run that follows', async () => {
  const [chunk] = await read(`\uFEFF${['oops', v1[0]].join('\n')}`);
  expect(chunk?.batch.events).toMatchObject([{ run_id: '018f...', scope: 'line:1' }]);
});

test('a line over the limit is a bad line, and memory never holds it', async () => {
  const long = `{"type":"scan.banner","banner":"${'x'.repeat(3 * maxLineBytes)}"}`;
  const [chunk] = await read([v1[0], long, v1[2]].join('\n'), 65_536);
  expect(chunk?.badLines).toBe(1);
  expect(chunk?.batch.events).toMatchObject([
    { scope: 'line:2', message: `longer than ${maxLineBytes} bytes` },
    { code: 'ECONNRESET' },
  ]);
});

test('long lines are handed on before they fill memory', async () => {
  const banner = { ...(JSON.parse(v1[0]!) as object), type: 'scan.banner', protocol: 'x', t: 1 };
  const long = ['a', 'b', 'c'].map((run_id) =>
    JSON.stringify({ ...banner, run_id, banner: 'y'.repeat(900_000) }),
  );
  const chunks = await read(Array(20).fill(long.join('\n')).join('\n'), 262_144);
  const counts = chunks.map(({ batch }) => batch.events.length);
  expect(counts.reduce((a, b) => a + b)).toBe(60);
  expect(Math.max(...counts)).toBeLessThanOrEqual(18);
});

test('a last line that breaks off makes the file truncated; a whole one without line feed does not', async () => {
  const cut = await read(`${v1[0]}\n${v1[2]?.slice(0, 40)}`);
  expect(cut.at(-1)).toMatchObject({ isTruncated: true, badLines: 1 });
  expect(cut.at(-1)?.batch.events).toMatchObject([{ code: 'TRUNCATED', scope: 'line:2' }]);
  expect((await read(v1.join('\n'))).at(-1)?.isTruncated).toBe(false);
});

test('events of unknown types are counted by type', async () => {
  const [chunk] = await read(`${v1[0]}\n{"type":"scan.future","run_id":"r"}\n`.repeat(2));
  expect(chunk?.skipped).toEqual({ 'scan.future': 2 });
  expect(chunk?.badLines).toBe(0);
});

test('runs that are mixed in one file come apart, more of them than are kept open', async () => {
  const text = Array.from({ length: 200 }, (_, i) =>
    v1[0]!.replace('018f...', `run-${i % 40}`).replace('443', String(i)),
  ).join('\n');
  const ports = new Map<string, number>();
  for (const { runId, batch } of await read(text)) {
    ports.set(runId, (ports.get(runId) ?? 0) + batch.ports.length);
  }
  expect([...ports.values()]).toEqual(Array.from({ length: 40 }, () => 5));
});

test('an address with a zone or in disguise is a bad line or its canonical self, never a crash', async () => {
  const texts = ['fe80::1%eth0', '::ffff:192.0.2.1', '2001:DB8:0::1', '010.0.0.1', 'x'].map(
    (addr) => v1[0]!.replace('192.0.2.10', addr),
  );
  const [chunk] = await read(texts.join('\n'));
  expect(chunk?.batch.ports.addresses).toEqual(['192.0.2.1', '2001:db8::1']);
  expect(chunk?.badLines).toBe(3);
});

test('random bytes never crash the reader', async () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(...v1, '\n', '{"type":', '"scan.port"', '\0'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
      const chunks = await read(`${v1[0]}\n${pieces.join('')}`, 17);
      expect(chunks.length).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

test('a file without events and an unknown format are errors', async () => {
  await expect(read('\n\nnothing\n')).rejects.toThrow(
    /test contains no scan events.*line 3: not JSON/,
  );
  expect(() => sniff(Buffer.from('<?xml version="1.0"?>'), 'a.xml')).toThrow(
    /a\.xml is not in a known format; known formats: Portolan JSON Lines/,
  );
  const json =
    '{"host":"a.example","ip":"192.0.2.1","timestamp":"x","found":{"what":1,"more":2}}\n';
  expect(() => sniff(Buffer.from(json), 'other.json')).toThrow(/not in a known format/);
  const wide = Buffer.from('\ufeff<?xml version="1.0"?>', 'utf16le');
  expect(() => sniff(wide, 'wide.xml')).toThrow(/wide\.xml is UTF-16 text.*iconv/);
  expect(() => sniff(Buffer.alloc(0), 'empty')).toThrow(/empty is empty/);
  expect(sniff(Buffer.from(`garbage\n${v1[1]}\n`), 'a').name).toBe('jsonl');
});

/** Mostly what is asked for, now and then anything. */
function often<T>(arb: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 60, arbitrary: arb }, { weight: 1, arbitrary: fc.anything() });
}

test('the fast check of a scan.port line agrees with its schema', () => {
  const text = often(fc.string({ maxLength: 45 }));
  const service = fc.record(
    {
      name: often(fc.string()),
      product: text,
      cpe: text,
      method: text,
      confidence: often(
        fc.oneof({ weight: 9, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) }, fc.double()),
      ),
    },
    { requiredKeys: ['name'] },
  );
  const line = fc.record(
    {
      type: often(fc.constant('scan.port')),
      run_id: often(fc.string({ minLength: 1, maxLength: 210 })),
      addr: often(fc.oneof({ weight: 5, arbitrary: fc.ipV4() }, fc.ipV6())),
      transport: often(fc.constantFrom(...transports)),
      port: often(fc.integer({ min: -1, max: 65_537 })),
      state: often(fc.constantFrom(...portStates)),
      reason: often(fc.constantFrom(...reasons)),
      service: often(fc.oneof({ weight: 5, arbitrary: service }, fc.string())),
      t_first: often(fc.integer({ min: -1 })),
      t_last: often(fc.integer({ min: -1 })),
      extra: fc.anything(),
    },
    { requiredKeys: ['type', 'run_id', 'addr', 'transport', 'port', 'state', 't_first'] },
  );
  let accepted = 0;
  fc.assert(
    fc.property(line, fc.integer({ min: 0 }), (random, last) => {
      const object = { ...random, t_last: random.t_last ?? last };
      if (!isScanPort(object)) return;
      accepted++;
      const { success, data } = scanPort.safeParse(object);
      expect(success).toBe(true);
      expect(object).toMatchObject(data ?? {});
    }),
    { numRuns: 5000 },
  );
  expect(accepted).toBeGreaterThan(500);
});

test('every well-formed IPv4 line takes the fast way', () => {
  expect(isScanPort(JSON.parse(v1[0]!) as Record<string, unknown>)).toBe(true);
  const service = { name: 'https', product: 'nginx', confidence: 0.9, method: 'http' };
  const line = { ...(JSON.parse(v1[0]!) as object), service };
  expect(isScanPort(line)).toBe(true);
  expect(line).toEqual(scanPort.parse(line));
});
