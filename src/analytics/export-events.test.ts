import { expect, test } from 'vitest';
import type { ScanEvent } from '../core/events.ts';
import { type EventFormat, exportEvents } from './export-events.ts';

const port: ScanEvent = {
  type: 'scan.port',
  run_id: 'r',
  addr: '2001:db8::1',
  transport: 'tcp',
  port: 443,
  state: 'open|filtered',
  reason: 'no-response',
  service: { name: 'https', product: '=HYPERLINK("x"),y', confidence: 0.5 },
  t_first: 0,
  t_last: 1_725_900_000_126,
};
const banner: ScanEvent = {
  type: 'scan.banner',
  run_id: 'r',
  addr: '192.0.2.1',
  transport: 'tcp',
  port: 22,
  protocol: 'ssh',
  banner: 'SSH-2.0\r\n',
  t: 5,
};

async function text(format: EventFormat, events: readonly ScanEvent[]): Promise<string> {
  async function* stream(): AsyncGenerator<ScanEvent> {
    yield* events;
  }
  return (await Array.fromAsync(exportEvents(stream(), format))).join('');
}

test('jsonl has an event a line, json is one array of the same', async () => {
  const lines = await text('jsonl', [port, banner]);
  expect(lines.endsWith('\n')).toBe(true);
  const read = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(read).toEqual([port, banner]);
  expect(JSON.parse(await text('json', [port, banner]))).toEqual([port, banner]);
  expect(JSON.parse(await text('json', []))).toEqual([]);
});

test('csv has a row a port, quotes what it must and disarms formulas', async () => {
  const [header, row, end] = (await text('csv', [port, banner])).split('\n');
  expect(header).toMatch(/^run_id,address,transport,port,state,/);
  expect(row).toBe(
    'r,2001:db8::1,tcp,443,open|filtered,no-response,https,"\'=HYPERLINK(""x""),y",,0.5,' +
      '1970-01-01T00:00:00.000Z,2024-09-09T16:40:00.126Z',
  );
  expect(end).toBe('');
});

test('a long export comes in blocks, and none of it is lost', async () => {
  const events = Array.from({ length: 5000 }, (_, t) => ({ ...banner, t }));
  const lines = (await text('jsonl', events)).trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { t: number }).t)).toEqual(
    events.map(({ t }) => t),
  );
});
