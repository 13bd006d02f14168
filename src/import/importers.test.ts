import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanEvent } from '../core/events.ts';
import { AppError } from '../errors.ts';
import { importers, sniff } from './importers.ts';
import { chunksOf, read, seconds } from '../../test/import/read-text.ts';

describe('a file is one run', () => {
  const line = (ip: string, second: number): string => `open tcp 443 ${ip} ${seconds + second}`;
  const runOf = async (...lines: string[]): Promise<string | undefined> =>
    (await read(lines.join('\n'))).last.runId;

  test('which it stays when it grows, and another scan is another', async () => {
    const run = await runOf(line('192.0.2.1', 0));
    expect(await runOf(line('192.0.2.1', 0), line('192.0.2.2', 1), '# end')).toBe(run);
    expect(await runOf('#masscan', line('192.0.2.1', 0))).toBe(run);
    expect(await runOf(line('192.0.2.1', 1))).not.toBe(run);
  });

  test('of which the beginning decides where it has no times', async () => {
    const run = await runOf('{"ip":"192.0.2.1","port":80}', '{"ip":"192.0.2.1","port":81}');
    const other = await runOf('{"ip":"192.0.2.1","port":80}', '{"ip":"192.0.2.1","port":82}');
    expect(other).not.toBe(run);
  });
});

const samples: Readonly<Record<string, string>> = {
  'masscan-json':
    '[\n{"ip":"192.0.2.1","timestamp":"1700000000","ports":[{"port":1,"proto":"tcp","status":"open","reason":"syn-ack"}]}\n]',
  'masscan-ndjson':
    '{"ip":"192.0.2.1","timestamp":"1","port":1,"proto":"tcp","rec_type":"status","data":{"status":"open"}}',
  'masscan-list': 'open tcp 443 192.0.2.1 1700000000\nbanner tcp 443 192.0.2.1 1 http x',
  naabu: '{"ip":"192.0.2.1","port":1,"timestamp":"2026-01-01T00:00:00Z"}',
  httpx: '{"url":"http://192.0.2.1","host":"192.0.2.1","status_code":200,"tls":{},"asn":{}}',
  zgrab2: '{"ip":"192.0.2.1","data":{"http":{"status":"success","result":{"response":{}}}}}',
  nuclei: '{"template-id":"x","info":{"severity":"low"},"matched-at":"y","ip":"192.0.2.1"}',
  aggregate: '{"open":[1],"ip":"192.0.2.1","final_url":"http://x/"}',
  csv: 'address,port\n192.0.2.1,80\n',
  jsonl: '{"type":"run.error","run_id":"r","scope":"x","code":"y","message":"z","t":1}',
  'nmap-xml':
    '<nmaprun start="1" args="x"><scaninfo protocol="tcp" services="1-9"/><host endtime="2"><status state="up" reason="x"/><address addr="192.0.2.1"/><ports><port protocol="tcp" portid="1"><state state="open" reason="z"/><script id="a" output="b"><table key="t"><elem>c</elem></table></script></port></ports></host></nmaprun>',
};

test.each(importers.map(({ name }) => name))(
  '%s recognises its own, and no damage to it breaks the reading',
  async (name) => {
    const sample = samples[name]!;
    expect(sniff(Buffer.from(sample), 'test').name).toBe(name);
    const junk = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom(
        '"',
        '{',
        '}',
        '[',
        '<',
        '>',
        '&#0;',
        '\0',
        '\n',
        '-1',
        '0.5',
        '1e-9',
        '1e999',
        'null',
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sample.length), fc.nat(8), junk), { minLength: 1, maxLength: 4 }),
        async (edits) => {
          let text = sample;
          for (const [at, cut, put] of edits) text = text.slice(0, at) + put + text.slice(at + cut);
          try {
            for (const chunk of await chunksOf(text, name)) {
              for (const event of chunk.batch.events) scanEvent.parse(event);
            }
          } catch (error) {
            // A file that has nothing of a scan left in it is told about.
            expect(error).toBeInstanceOf(AppError);
            expect(error).toMatchObject({ code: 'INVALID_INPUT' });
          }
        },
      ),
      { numRuns: 300 },
    );
  },
);

test('values of any kind in any field are an error row at most', async () => {
  const names = Object.keys(samples).filter((name) => samples[name]!.startsWith('{'));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.string(),
      fc.jsonValue(),
      async (name, field, value) => {
        const sample = JSON.parse(samples[name]!) as Record<string, unknown>;
        const fields = Object.keys(sample);
        const chosen = fields[field.length % fields.length]!;
        const text = `${samples[name]!}\n${JSON.stringify({ ...sample, [chosen]: value })}\n`;
        for (const chunk of await chunksOf(text, name)) {
          for (const event of chunk.batch.events) scanEvent.parse(event);
        }
      },
    ),
    { numRuns: 1000 },
  );
});
