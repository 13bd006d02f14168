import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { csvLine } from '../core/csv.ts';
import { type OutputOptions, type Shape, writeRows } from './output.ts';

interface Row {
  readonly name: string;
  readonly port: number | null;
}

const shape: Shape<Row> = {
  columns: [
    { title: 'name', value: (row) => row.name },
    { title: 'port', value: (row) => row.port, align: 'right' },
    { title: 'never', value: () => null },
  ],
  empty: 'no rows',
};

async function print(
  rows: Iterable<Row>,
  options: OutputOptions,
  columns?: number,
): Promise<{ out: string; err: string }> {
  const tty = columns === undefined ? {} : { isTTY: true, columns };
  const [stdout, stderr] = [Object.assign(new PassThrough(), tty), new PassThrough()];
  const printed = Promise.all([text(stdout), text(stderr)]);
  const io = {
    stdin: Readable.from([]),
    stdout,
    stderr,
    env: {},
    signal: new AbortController().signal,
  };
  await writeRows(io, options, { rows, shape });
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { out, err };
}

const rows: Row[] = [
  { name: 'a', port: 80 },
  { name: 'b,"c"', port: null },
];

test('a table aligns its columns and leaves out empty ones', async () => {
  expect((await print(rows, {})).out).toBe('NAME   PORT\na        80\nb,"c"\n');
});

test('a table on a narrow terminal is cut, and never wider', async () => {
  const { out } = await print([{ name: 'x'.repeat(500), port: 1 }], { color: false }, 40);
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40);
  expect(out).toContain('…');
});

test('control characters of a stranger never reach the terminal', async () => {
  const { out } = await print([{ name: 'a\u001b[31m\r\n\u0007\u202ex', port: 1 }], {});
  // oxlint-disable-next-line no-control-regex
  expect(out.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202e]/);
});

test('JSON is one array, also of no rows', async () => {
  expect(JSON.parse((await print(rows, { json: true })).out)).toEqual(rows);
  expect((await print([], { json: true })).out).toBe('[]\n');
});

test('JSON Lines are one object a line', async () => {
  const { out } = await print(rows, { jsonl: true });
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(rows);
});

test('CSV quotes as RFC 4180 says', async () => {
  expect((await print(rows, { csv: true })).out).toBe('name,port\na,80\n"b,""c""",\n');
});

test('a spreadsheet finds no formula in what a server sent', () => {
  expect(csvLine(['=cmd()', '+1', '@x', '-2', -2, 'a=b'])).toBe("'=cmd(),'+1,'@x,'-2,-2,a=b\n");
});

test('no rows are said on stderr, so that stdout stays data', async () => {
  expect(await print([], {})).toEqual({ out: '', err: 'no rows\n' });
});

test('output goes to a file where one is named, and an unwritable one is an error', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'portolan-')), 'out.csv');
  expect((await print(rows, { csv: true, output: file })).out).toBe('');
  expect(readFileSync(file, 'utf8')).toMatch(/^name,port\n/);
  await expect(print(rows, { csv: true, output: '/nowhere/x.csv' })).rejects.toThrow(
    /cannot write "\/nowhere\/x.csv"/,
  );
});

test('output that fails half-way leaves the file of before, and nothing beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-'));
  const output = join(folder, 'out.json');
  await print(rows, { json: true, output });
  function* broken(): Generator<Row> {
    yield rows[0]!;
    throw new Error('the disk is gone');
  }
  await expect(print(broken(), { json: true, output })).rejects.toThrow('the disk is gone');
  expect(JSON.parse(readFileSync(output, 'utf8'))).toEqual(rows);
  expect(readdirSync(folder)).toEqual(['out.json']);
});

test('output behind a symbolic link goes to the file that it names, which keeps its mode', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-'));
  const [file, link] = [join(folder, 'file.csv'), join(folder, 'link.csv')];
  writeFileSync(file, 'old', { mode: 0o600 });
  symlinkSync(file, link);
  await print(rows, { csv: true, output: link });
  expect(readFileSync(file, 'utf8')).toMatch(/^name,port\n/);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(lstatSync(file).mode & 0o777).toBe(0o600);
});

test('more rows than a stream takes at once all arrive', async () => {
  const many = Array.from({ length: 50_000 }, (_, i) => ({ name: `row ${i}`, port: i }));
  const { out } = await print(many, { jsonl: true });
  expect(out.split('\n')).toHaveLength(50_001);
});
