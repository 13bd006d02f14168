import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { NetworkScanConfig } from '../src/core/scan-config.ts';
import { portolan } from './cli.ts';
import { storeKinds } from './store/stores.ts';

const folder = mkdtempSync(join(tmpdir(), 'portolan-targets-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(storeKinds)('on $name', ({ newStore }) => {
  /** Runs commands on one store; each must succeed. */
  async function commands() {
    const opened = await newStore();
    const env = { PORTOLAN_DB: opened.db };
    const run = async (...argv: string[]): Promise<string> => {
      const { status, stdout, stderr } = await portolan(argv, { env });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      return stdout;
    };
    const fail = async (...argv: string[]): Promise<string> => {
      const { status, stderr } = await portolan(argv, { env });
      expect(status).not.toBe(0);
      return stderr;
    };
    const dryRun = async (...argv: string[]): Promise<NetworkScanConfig> => {
      const text = await run('scan', ...argv, '--dry-run', '--json');
      return (JSON.parse(text) as { config: NetworkScanConfig }).config;
    };
    return { run, fail, dryRun, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  }

  test('a scan of a target has its addresses, exclusions, ports and limits', async () => {
    await using on = await commands();
    await on.run('target', 'add', 'office', '10.1.0.0/29,10.1.9.9', '-p', '22,8000-8002,U:53');
    await on.run('target', 'add', 'plant', '10.2.0.0/30', '--rate', '7', '--exclude', '10.2.0.3');
    await on.run('exclusion', 'add', '10.1.0.0/30', '--target', 'office', '--reason', 'printers');
    await on.run('exclusion', 'add', '10.1.9.0/24', '10.2.0.1', '--reason', 'ventilators');
    expect(await on.dryRun('--target', 'office')).toMatchObject({
      targets: ['10.1.0.4/30'],
      exclude: ['10.1.0.0/30', '10.1.9.0/24', '10.2.0.1'],
      ports: '22,8000-8002,U:53',
      rate: 500,
    });
    expect(await on.dryRun('--target', 'plant')).toMatchObject({
      targets: ['10.2.0.0', '10.2.0.2'],
      rate: 7,
    });
  });

  test('what the command line says counts before the profile, and that before the target', async () => {
    await using on = await commands();
    await on.run('target', 'add', 'office', '10.1.0.1', '-p', '22', '--rate', '50', '-T', '2');
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, 'description: mine\nsettings:\n  ports: 80\n  rate: 900\n  timing: 4\n');
    await on.run('profile', 'save', 'mine', file);
    const both = ['--target', 'office', '--profile', 'mine'];
    // Of two limits the stricter.
    expect(await on.dryRun(...both)).toMatchObject({ ports: '80', rate: 50, timeout_ms: 1250 });
    expect(await on.dryRun(...both, '-p', '443', '--rate', '3', '--record', 'open')).toMatchObject({
      ports: '443',
      rate: 3,
      record_all: false,
    });
    expect((await on.dryRun('--target', 'office', '--top-ports', '3')).ports).not.toContain('22-');
  });

  test('what is excluded from every scan is never scanned, named or not', async () => {
    await using on = await commands();
    await on.run('exclusion', 'add', '10.3.0.0/25', '10.3.0.200-210', '--reason', 'lab');
    expect((await on.dryRun('10.3.0.0/24')).targets).not.toContain('10.3.0.0/24');
    expect(await on.fail('scan', '10.3.0.7', '--dry-run')).toContain('leave nothing to scan');
    expect(await on.fail('discover', '10.3.0.7', '--dry-run')).toContain('leave nothing to scan');
    const rows = JSON.parse(await on.run('exclusion', 'list', '--json')) as { id: string }[];
    expect(rows).toMatchObject([
      { excluded: '10.3.0.0/25', target: null, reason: 'lab' },
      { excluded: '10.3.0.200-210', target: null, reason: 'lab' },
    ]);
    await on.run('exclusion', 'remove', rows[0]!.id);
    await on.run('exclusion', 'remove', '10.3.0.200-210');
    expect((await on.dryRun('10.3.0.0/24')).targets).toEqual(['10.3.0.0/24']);
    expect(await on.fail('exclusion', 'remove', '10.3.0.7')).toContain(
      '"10.3.0.7" is not excluded',
    );
    expect(await on.fail('exclusion', 'add', '10.3.0.7.1')).toContain('10.3.0.7.1');
  });

  test('a disabled target and one outside its hours are scanned only when confirmed', async () => {
    await using on = await commands();
    // Of two half days this minute is outside of one.
    const half = new Date().getUTCHours() < 12 ? '12:00-24:00' : '00:00-12:00';
    await on.run('target', 'add', 'plant', '127.0.0.1', '-p', '1', '--time-zone', 'UTC', '--allowed-hours', half); // prettier-ignore
    expect(await on.fail('scan', '--target', 'plant')).toContain(`may be scanned ${half} (UTC)`);
    await on.run('target', 'add', 'off', '127.0.0.1', '-p', '1');
    await on.run('target', 'disable', 'off');
    expect(await on.fail('scan', '--target', 'off')).toContain('the target "off" is disabled');
    await on.run('target', 'enable', 'off');
    const env = await on.run('target', 'list', '--json');
    expect(JSON.parse(env)).toMatchObject([
      { name: 'off', enabled: true, targets: ['127.0.0.1'] },
      { name: 'plant', hours: { allowed: half, time_zone: 'UTC' } },
    ]);
  });

  test('a target is shown with its exclusions, which are removed with it', async () => {
    await using on = await commands();
    await on.run(
      'target',
      'add',
      'office',
      '10.1.0.0/24',
      '--exclude',
      '10.1.0.1',
      '--reason',
      'x',
    );
    expect(await on.fail('target', 'add', 'office', '10.2.0.1')).toContain('"office" already');
    expect(await on.fail('target', 'add', 'a b', '10.2.0.1')).toContain('not a valid target name');
    expect(await on.fail('target', 'add', 'c', '10.2.0.1', '--allowed-hours', '9-5')).toContain(
      '9-5',
    );
    expect(await on.fail('target', 'show', 'c')).toContain('there is no target "c"');
    expect(await on.run('target', 'show', 'office')).toMatch(/^Excluded +10\.1\.0\.1: x$/m);
    const json = await on.run('target', 'show', 'office', '--json');
    expect(JSON.parse(json)).toMatchObject({ exclusions: [{ excluded: '10.1.0.1', reason: 'x' }] });
    await on.run('target', 'remove', 'office');
    expect(await on.run('exclusion', 'list', '--json')).toBe('[]\n');
    const audit = await on.run('audit', 'list', '--json');
    const actions = (JSON.parse(audit) as { action: string }[]).map(({ action }) => action);
    expect(actions).toEqual(['target.remove', 'exclusion.add', 'target.add']);
  });

  test('a profile of your own is read back as it was saved; built-in ones stay', async () => {
    await using on = await commands();
    const file = join(folder, 'web.yaml');
    writeFileSync(file, await on.run('profile', 'show', 'web'));
    await on.run('profile', 'save', 'copy', file);
    expect(await on.run('profile', 'show', 'copy')).toBe(await on.run('profile', 'show', 'web'));
    expect(await on.fail('profile', 'save', 'web', file)).toContain('comes with Portolan');
    const list = JSON.parse(await on.run('profile', 'list', '--json')) as { name: string }[];
    const names = 'database full linux network-device quick udp web windows copy';
    expect(list.map(({ name }) => name).join(' ')).toBe(names);
    for (const { name } of list) await on.dryRun('10.0.0.1', '--profile', name);
    await on.run('profile', 'remove', 'copy');
    expect(await on.fail('scan', '10.0.0.1', '--profile', 'copy')).toContain('no profile "copy"');
    expect(await on.fail('profile', 'remove', 'web')).toContain('you have no profile');
  });

  test('an invalid profile is not saved', async () => {
    await using on = await commands();
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, 'settings: {rate: fast}');
    expect(await on.fail('profile', 'save', 'bad', file)).toContain('not "fast"');
    expect(await on.fail('profile', 'show', 'bad')).toContain('no profile "bad"');
  });

  test('a schedule is added, shown, disabled and removed', async () => {
    await using on = await commands();
    await on.run('target', 'add', 'office', '10.1.0.1');
    const berlin = ['--time-zone', 'Europe/Berlin', '--target', 'office'];
    await on.run('schedule', 'add', 'nightly', '30 2 * * *', ...berlin, '--jitter', '5m');
    expect(await on.fail('schedule', 'add', 'n', '30 2 * *', ...berlin)).toContain(
      'not a valid cron pattern',
    );
    expect(await on.fail('schedule', 'add', 'n', '0 0 30 2 *', ...berlin)).toContain(
      'never occurs',
    );
    expect(
      await on.fail('schedule', 'add', 'n', '@daily', ...berlin, '--profile', 'none'),
    ).toContain('no profile "none"');
    const shown = JSON.parse(await on.run('schedule', 'show', 'nightly', '--json')) as {
      next: string[];
    };
    expect(shown).toMatchObject({ jitter_ms: 300_000, state: 'enabled', runs: [] });
    expect(shown.next).toHaveLength(5);
    expect(await on.fail('target', 'remove', 'office')).toContain('the schedule "nightly" scans');
    await on.run('schedule', 'disable', 'nightly');
    expect(await on.run('schedule', 'list')).toContain('disabled');
    await on.run('schedule', 'run', '--once');
    await on.run('schedule', 'remove', 'nightly');
    await on.run('target', 'remove', 'office');
  });
});
