import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from './driver.ts';
import { isSqliteFile } from './sqlite-file.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-sqlite-file-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('a database is distinguished from other files, folders and missing files', () => {
  const path = join(folder, 'store.db');
  const db = openDatabase(path);
  db.exec('CREATE TABLE t (x)');
  db.close();
  writeFileSync(join(folder, 'text'), 'SQLite');
  const found = [path, join(folder, 'text'), folder, join(folder, 'none'), join(path, 'below')];
  expect(found.map(isSqliteFile)).toEqual([true, false, false, false, false]);
});

test('a pipe is not waited for', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect(isSqliteFile(pipe)).toBe(false);
});
