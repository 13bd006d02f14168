import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder, temporaryRegistry } from '../../test/portman/fixtures.ts';
import { openDatabase } from '../database/driver.ts';
import { change, checkMigrations, openRegistry } from './registry.ts';

describe('the registry’s file', () => {
  test('is made for its owner alone, as WAL, with a checksum for each migration', async () => {
    const registry = await temporaryRegistry(join(temporaryFolder(), 'new', 'database.db'));
    change(registry, {}, () =>
      registry.db.exec(`INSERT INTO ports (number, projectName, status)
      VALUES (3000, 'a', 'reserved')`),
    );
    expect(statSync(registry.path).mode & 0o777).toBe(0o600);
    expect(statSync(`${registry.path}-wal`).mode & 0o777).toBe(0o600);
    expect(statSync(join(registry.path, '..')).mode & 0o777).toBe(0o700);
    expect(registry.db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    const rows = registry.db.prepare('SELECT version, checksum FROM migrations').all();
    expect(rows).toEqual([
      { version: '0001', checksum: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    ]);
  });

  test('that others may read is closed to them again', async () => {
    const { path, db } = await temporaryRegistry();
    db.close();
    chmodSync(path, 0o644);
    await temporaryRegistry(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is never taken for a folder: its mode is left as it is', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    await expect(openRegistry(folder)).rejects.toMatchObject({ code: 'STORE_UNWRITABLE' });
    expect(statSync(folder).mode & 0o777).toBe(0o755);
  });

  test('may be made by any number of openers at once', async () => {
    const path = join(temporaryFolder(), 'database.db');
    const opened = await Promise.all(Array.from({ length: 20 }, () => openRegistry(path)));
    const [{ db }] = opened as [(typeof opened)[0]];
    expect(db.prepare('SELECT count(*) AS count FROM migrations').get()).toEqual({ count: 1 });
    for (const registry of opened) registry.db.close();
  });

  test('of a newer program, with an edited migration, or of another program is refused', async () => {
    const newer = await temporaryRegistry();
    newer.db.exec(`INSERT INTO migrations (version, description) VALUES ('0999', 'future');
      PRAGMA user_version = 999`);
    newer.db.close();
    await expect(openRegistry(newer.path)).rejects.toMatchObject({ code: 'STORE_NEWER' });

    const edited = await temporaryRegistry();
    edited.db.exec("UPDATE migrations SET checksum = 'x'");
    await expect(checkMigrations(edited.db, edited.path)).rejects.toMatchObject({
      code: 'MIGRATION_EDITED',
    });

    const foreign = join(temporaryFolder(), 'places.sqlite');
    const db = openDatabase(foreign);
    db.exec('CREATE TABLE moz_places (id INTEGER)');
    chmodSync(foreign, 0o664);
    await expect(openRegistry(foreign)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    db.exec('PRAGMA user_version = 1');
    db.close();
    await expect(openRegistry(foreign)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(statSync(foreign).mode & 0o777).toBe(0o664);

    const text = join(temporaryFolder(), 'notes.txt');
    writeFileSync(text, 'this is no database at all, but it is long enough to be read as one\n');
    await expect(openRegistry(text)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(readFileSync(text, 'utf8')).toContain('no database');
    expect(existsSync(`${text}-wal`)).toBe(false);
  });
});
