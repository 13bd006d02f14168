import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../src/cli/create-program.ts';
import { portolan as program } from '../src/cli/program.ts';
import type { Resource } from '../src/resources/resource.ts';
import { resources } from '../src/resources/resources.ts';
import { allRows } from '../src/store/keyset.ts';
import { currentWorker } from '../src/store/scans/process-identity.ts';
import { registerWorker } from '../src/store/scans/workers.ts';
import { portolan } from './cli.ts';
import { importEvents, wholeScan } from './store/filled.ts';
import { storeKinds, type TestStore } from './store/stores.ts';

/** The command of each resource whose command is not its name. */
const paths: Readonly<Record<string, string>> = {
  targets: 'target list',
  exclusions: 'exclusion list',
  profiles: 'profile list',
  schedules: 'schedule list',
  audit: 'audit list',
};

const [older, newer] = [Date.UTC(2026, 0, 10), Date.UTC(2026, 1, 10)];

const io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: {},
  signal: new AbortController().signal,
};

async function commandOf(path: string): Promise<Command> {
  let command = await createProgram(io, { program, define: () => true });
  for (const word of path.split(' ')) {
    const next = command.commands.find((each) => each.name() === word);
    if (!next) throw new Error(`there is no command "${path}"`);
    command = next;
  }
  return command;
}

describe.each(resources)('$name', ({ name, load }) => {
  const path = paths[name] ?? name;

  test('is a command, and its filters are the options', async () => {
    const { filters } = await load();
    const command = await commandOf(path);
    const options = command.options.map(({ long }) => long);
    const operands = command.registeredArguments.map((argument) => argument.name());
    for (const filter of Object.values(filters)) {
      expect(filter.isOperand ? operands : options).toContain(
        filter.isOperand ? filter.name : `--${filter.name}`,
      );
    }
    expect(options).toEqual(expect.arrayContaining(['--limit', '--json', '--csv', '--db']));
  });

  test('has examples that its filters accept', async () => {
    const { examples, filters } = await load();
    for (const [option, value] of examples.flatMap((example) => Object.entries(example))) {
      const filter = Object.values(filters).find((each) => each.name === option);
      expect(filter, option).toBeDefined();
      filter?.parse(value);
    }
  });
});

describe.each(storeKinds)('on $name', ({ newStore }) => {
  let opened: TestStore;

  const run = (...words: string[]): ReturnType<typeof portolan> =>
    portolan([...words, '--db', opened.db]);

  beforeAll(async () => {
    opened = await newStore();
    const { store } = opened;
    await importEvents(store, wholeScan('one', older, '192.0.2.1'));
    await importEvents(store, wholeScan('two', newer, '192.0.2.2'));
    const settings = { concurrency: 1, scanTypes: ['network'], labels: ['zone=dmz'] };
    for (const id of ['w1', 'w2']) {
      await registerWorker(store.database, { ...currentWorker(), id }, settings);
    }
    for (const [name, address] of [
      ['office', '192.0.2.0/28'],
      ['plant', '192.0.2.16/28'],
    ] as const) {
      await run('target', 'add', name, address, '--exclude', '192.0.2.3');
      await run('schedule', 'add', `${name}-nightly`, '30 2 * * *', '--target', name);
    }
  });

  afterAll(() => opened[Symbol.asyncDispose]());

  async function rowsOf(
    resource: Resource,
    filter: Readonly<Record<string, unknown>> = {},
    limit = 1000,
  ): Promise<unknown[]> {
    const { database } = opened.store;
    const rows = allRows((page) => resource.list(database, filter, page), { limit });
    return JSON.parse(
      JSON.stringify((await Array.fromAsync(rows)).map((row) => resource.toJson(row))),
    ) as unknown[];
  }

  describe.each(resources)('$name', ({ name, load }) => {
    const path = paths[name] ?? name;

    test('has the same rows in pages of one as in one page', async () => {
      const resource = await load();
      const rows = await rowsOf(resource);
      expect(rows.length).toBeGreaterThan(name === 'certs' ? 0 : 1);
      expect(await rowsOf(resource, {}, 1)).toEqual(rows);
      await expect(
        resource.list(opened.store.database, {}, { after: 'elsewhere' }),
      ).rejects.toMatchObject({ code: 'USAGE' });
    });

    test('prints its rows as JSON, as JSON Lines and as a table', async () => {
      const words = path.split(' ');
      const rows = await rowsOf(await load());
      const json = JSON.parse((await run(...words, '--json')).stdout) as object[];
      const keys = (list: readonly unknown[]): string[][] =>
        list.map((row) => Object.keys(row as object));
      expect(keys(json)).toEqual(keys(rows));
      const { stdout } = await run(...words, '--jsonl', '--limit', '1');
      expect(keys([JSON.parse(stdout)])).toEqual(keys(rows.slice(0, 1)));
      const table = (await run(...words)).stdout.trim().split('\n');
      expect(table.length).toBe(rows.length + 1);
    });

    test('its columns show text or numbers, with tones that a terminal has', async () => {
      const resource = await load();
      const { rows } = await resource.list(opened.store.database);
      for (const { value, tone } of resource.columns.flatMap((column) =>
        rows.map((row) => ({ value: column.value(row), tone: column.tone?.(row) })),
      )) {
        expect(['string', 'number', 'object', 'undefined']).toContain(typeof value);
        expect([undefined, 'good', 'bad', 'warning', 'info', 'muted']).toContain(tone);
      }
    });

    test('filters by scan and by time where it offers that', async () => {
      const resource = await load();
      const { filters } = resource;
      const all = (await rowsOf(resource)).length;
      const count = async (...words: string[]): Promise<number> => {
        const { stdout } = await run(...path.split(' '), ...words, '--json');
        return (JSON.parse(stdout) as unknown[]).length;
      };
      if (filters['scan']) {
        const found = await count('--scan', 'last');
        expect(found).toBeGreaterThan(0);
        expect(found).toBeLessThan(name === 'certs' ? all + 1 : all);
      }
      if (filters['since']) {
        expect(await count('--since', '2020-01-01')).toBe(all);
        expect(await count('--since', '2100-01-01')).toBe(0);
        const { status, stderr } = await run(...path.split(' '), '--since', 'lately');
        expect([status, stderr]).toEqual([2, expect.stringContaining('"lately" is not a time')]);
      }
    });
  });
});
