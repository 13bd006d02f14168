import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { temporaryFolder, temporaryRegistry } from '../../test/portman/fixtures.ts';
import { openDatabase } from '../database/driver.ts';
import { backUp } from './backup.ts';
import { examine } from './doctor.ts';
import { exportRegistry } from './export.ts';
import { importDocument } from './import.ts';
import { parseDocument } from './parse-document.ts';
import type { Registry } from './registry.ts';
import { reservePorts } from './reserve.ts';
import { loadSnapshot, saveSnapshot } from './snapshots.ts';
import { readSettings, writeSetting } from './settings.ts';

async function filled(): Promise<Registry> {
  const registry = await temporaryRegistry();
  await reservePorts(registry, {
    ports: [3000, 3001],
    project: 'shop, "big"',
    description: 'line\nend ✓',
    tags: ['front', 'dev'],
    metadata: { team: 'alpha', deep: { list: [1, null] } },
    autoRelease: true,
    adopt: true,
  });
  await reservePorts(registry, { ports: [4000], project: 'api', adopt: true });
  registry.db.exec(`UPDATE ports SET status = 'in-use', pid = 7, processName = 'node',
      lastSeenAt = '2026-01-02T03:04:05.678Z' WHERE number = 3001;
    INSERT INTO ports (number, projectName, status) VALUES (5000, 'gone', 'free')`);
  return registry;
}

const rowsOf = ({ db }: Registry, table = 'ports'): unknown[] =>
  db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all();

describe('an export', () => {
  test.each([{ format: 'json' }, { format: 'json', pretty: true }, { format: 'yaml' }] as const)(
    'as %j gives the same rows in an empty registry',
    async (options) => {
      const registry = await filled();
      const text = await exportRegistry(registry, options);
      const empty = await temporaryRegistry();
      const document = await parseDocument(text);
      expect(document.isChecked).toBe(true);
      importDocument(empty, document, { replace: true });
      expect(rowsOf(empty)).toEqual(rowsOf(registry));
    },
  );

  test('in full also gives the same history and configurations', async () => {
    const registry = await filled();
    writeSetting(registry, 'request.start', '4321');
    await saveSnapshot(registry, 'before');
    const text = await exportRegistry(registry, { full: true });
    const other = await filled();
    importDocument(other, await parseDocument(text), { replace: true });
    for (const table of ['ports', 'port_history', 'configurations']) {
      expect(rowsOf(other, table)).toEqual(rowsOf(registry, table));
    }
    expect(readSettings(other)['request.start']).toBe(4321);
  });

  test('is refused when any byte of it has changed', async () => {
    const registry = await filled();
    for (const options of [{ pretty: true }, { format: 'yaml' }] as const) {
      const bytes = Buffer.from(await exportRegistry(registry, options));
      await fc.assert(
        fc.asyncProperty(
          fc.nat(bytes.length - 1),
          fc.integer({ min: 1, max: 255 }),
          async (at, change) => {
            const changed = Buffer.from(bytes);
            changed[at] = changed[at]! ^ change;
            await expect(parseDocument(changed.toString())).rejects.toMatchObject({
              code: 'INVALID_INPUT',
            });
          },
        ),
        { numRuns: 300 },
      );
      for (const length of [0, 1, bytes.length >> 1, bytes.length - 2]) {
        const cut = bytes.subarray(0, length).toString();
        await expect(parseDocument(cut)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
    }
  });

  test('that was changed on purpose, or has no checksum, can be taken', async () => {
    const text = await exportRegistry(await filled());
    const changed = text.replace('"api"', '"apj"');
    expect((await parseDocument(changed, { ignoreChecksum: true })).isChecked).toBe(false);
    const plain = JSON.stringify({
      version: '1.0',
      exportDate: '2024-01-20T10:30:00Z',
      ports: [{ number: 3000, projectName: 'old' }],
    });
    const registry = await temporaryRegistry();
    importDocument(registry, await parseDocument(plain));
    expect(rowsOf(registry)).toMatchObject([{ number: 3000, status: 'reserved' }]);
  });

  test.each([
    ['{"version":"1.0","exportDate":"2024-01-20T10:30:00Z","ports":[{"number":0,"projectName":"a"}]}'],
    ['{"version":"1.0","exportDate":"2024-01-20T10:30:00Z","ports":[{"number":1,"projectName":"a"},{"number":1,"projectName":"b"}]}'],
    ['{"version":"1.0","exportDate":"2024-01-20T10:30:00Z","ports":[],"surprise":1}'],
    ['[]'],
    ['a: &a [*a, *a]'],
  ])('%s is refused', async (text) => {
    await expect(parseDocument(text)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  }); // prettier-ignore
});

describe('an import', () => {
  test('merges by default, and leaves what other projects have', async () => {
    const text = await exportRegistry(await filled());
    const registry = await temporaryRegistry();
    await reservePorts(registry, { ports: [4000], project: 'mine', adopt: true });
    await reservePorts(registry, { ports: [9000], project: 'mine', adopt: true });
    const outcome = importDocument(registry, await parseDocument(text));
    expect(outcome).toEqual({
      added: [3000, 3001, 5000],
      updated: [],
      kept: [{ port: 4000, project: 'mine' }],
      removed: [],
    });
    const projects = registry.db.prepare('SELECT number, projectName FROM ports').all();
    expect(projects).toContainEqual({ number: 4000, projectName: 'mine' });
    expect(projects).toContainEqual({ number: 9000, projectName: 'mine' });
  });

  test.each([true, false])('as a dry run (replace: %s) changes nothing', async (replace) => {
    const text = await exportRegistry(await filled(), { full: true });
    const registry = await temporaryRegistry();
    await reservePorts(registry, { ports: [9000], project: 'mine', adopt: true });
    const before = ['ports', 'port_history', 'configurations'].map((each) =>
      rowsOf(registry, each),
    );
    const outcome = importDocument(registry, await parseDocument(text), { replace, dryRun: true });
    expect(outcome.added).toEqual([3000, 3001, 4000, 5000]);
    expect(outcome.removed).toEqual(replace ? [9000] : []);
    const after = ['ports', 'port_history', 'configurations'].map((each) => rowsOf(registry, each));
    expect(after).toEqual(before);
  });
});

test('a saved configuration is loaded again as it was, and refused once it was changed', async () => {
  const registry = await filled();
  const before = rowsOf(registry);
  await saveSnapshot(registry, 'before', 'a note');
  registry.db.exec('DELETE FROM ports');
  await loadSnapshot(registry, 'before', { replace: true });
  expect(rowsOf(registry)).toEqual(before);
  registry.db.exec(`UPDATE configurations SET data = replace(data, 'api', 'apj')`);
  await expect(loadSnapshot(registry, 'before')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  await expect(loadSnapshot(registry, 'other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(saveSnapshot(registry, 'settings')).rejects.toMatchObject({ code: 'USAGE' });
});

test('a backup under load opens, checks clean, and overwrites nothing', async () => {
  const registry = await temporaryRegistry();
  const script = join(import.meta.dirname, '../../test/portman/write-load.ts');
  const writer = spawn(process.execPath, [script, registry.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void writer.kill('SIGKILL'));
  await once(writer.stdout, 'data');
  const counts: number[] = [];
  for (let i = 0; i < 5; i++) {
    const path = await backUp(registry, join(temporaryFolder(), 'backup.db'));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const copy = openDatabase(path, { readOnly: true });
    expect(copy.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    expect(copy.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
    // The writer always has its ports all or none, ten at a time.
    const { count } = copy.prepare('SELECT count(*) AS count FROM ports').get() as {
      count: number;
    };
    counts.push(count % 10);
    copy.close();
    await expect(backUp(registry, path)).rejects.toMatchObject({ code: 'STORE_UNWRITABLE' });
    await sleep(20);
  }
  expect(counts).toEqual([0, 0, 0, 0, 0]);
  writer.kill('SIGKILL');
  await once(writer, 'exit');
});

test('the doctor finds what is wrong, and tidies what is not', async () => {
  const registry = await filled();
  const good = await examine(registry);
  expect(good.map(({ name, ok }) => [name, ok])).toEqual(
    ['integrity', 'foreign keys', 'migrations', 'mode', 'vacuum', 'analyze', 'size'].map((name) => [
      name,
      true,
    ]),
  );
  registry.db.exec(`PRAGMA foreign_keys = OFF;
    INSERT INTO port_owners (port, pid, startTime, bootId) VALUES (1, 1, '1', '1');
    UPDATE migrations SET checksum = 'x';
    INSERT INTO port_history (port, action, performedAt) VALUES (1, 'released', '2001-01-01')`);
  const bad = await examine(registry, { prune: true });
  expect(bad.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual([
    'foreign keys',
    'migrations',
  ]);
  expect(bad.find(({ name }) => name === 'prune')!.detail).toMatch(/^1 rows of history/);
});
