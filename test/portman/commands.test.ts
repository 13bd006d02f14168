import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { CommandEntry } from '../../src/cli/command.ts';
import { portCommands, portman as program } from '../../src/cli/commands/portman/commands.ts';
import { portolan } from '../cli.ts';
import {
  freePort,
  listenHere,
  registryWithRange,
  startListener,
  temporaryFolder,
} from './fixtures.ts';
import { portman, portmanProcess } from './portman.ts';

const newPath = (): string => join(temporaryFolder(), 'database.db');

async function paths(entries: readonly CommandEntry[], prefix: string[] = []): Promise<string[][]> {
  const found: string[][] = [];
  for (const entry of entries) {
    const module = await entry.load();
    const path = [...prefix, entry.name];
    if ('commands' in module) found.push(...(await paths(module.commands, path)));
    else found.push(path);
  }
  return found;
}

describe('every command', () => {
  test('has help with an example, --json, and a line in the documentation', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/portman.md'), 'utf8');
    for (const path of await paths(portCommands)) {
      const { status, stdout } = await portman('unused', [...path, '--help']);
      expect([path, status]).toEqual([path, 0]);
      expect(stdout).toMatch(/Examples?[^]*portman/);
      if (path[0] !== 'mcp') expect([path, stdout.includes('--json')]).toEqual([path, true]);
      expect(page).toContain(`portman ${path.join(' ')}`);
      for (const [, option] of stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)) {
        expect([path, option, page.includes(option!)]).toEqual([path, option, true]);
      }
    }
  });

  test('is there under both names, by the same code', async () => {
    const alone = await portman('unused', ['--help']);
    const { stdout } = await portolan(['portman', '--help']);
    for (const { name, summary } of portCommands) {
      expect(alone.stdout).toContain(summary.slice(0, 30));
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    }
    expect(program.commands.filter((each) => portCommands.includes(each))).toEqual(portCommands);
    const path = newPath();
    const words = ['config', 'get', 'stale.days'];
    const env = { PORTKEEPER_DB_PATH: path };
    expect((await portolan(['portman', ...words], { env })).stdout).toBe('30\n');
    expect((await portman(path, words)).stdout).toBe('30\n');
  });
});

describe('the exit status', () => {
  test('is 0 when done, 1 when refused by state, 2 for wrong usage', async () => {
    const path = newPath();
    const status = async (...argv: string[]): Promise<number> => (await portman(path, argv)).status;
    const port = String(await freePort());
    expect(await status('check', port)).toBe(0);
    expect(await status('reserve', port, '-n', 'a')).toBe(0);
    expect(await status('check', port)).toBe(1);
    expect(await status('reserve', port, '-n', 'b')).toBe(1);
    expect(await status('kill', port)).toBe(1);
    expect(await status('release', port)).toBe(0);
    expect(await status('release', port)).toBe(1);
    expect(await status('reserve', '99999', '-n', 'a')).toBe(2);
    expect(await status('reserve', port)).toBe(2);
    expect(await status('reserv', port)).toBe(2);
    expect(await status('request', '0', '-n', 'a')).toBe(2);
    expect(await status('request', '1', '-n', 'a', '-s', '-r')).toBe(2);
    expect(await status('list', '-s', 'lost')).toBe(2);
    expect(await status('config', 'get', 'nothing')).toBe(2);
    expect(await status('import', '/nonexistent')).toBe(66);
  });

  test('comes with a code and details in JSON on stderr where --json is given', async () => {
    const path = newPath();
    await portman(path, ['reserve', '3000', '-n', 'a', '--adopt']);
    const { stderr, stdout } = await portman(path, ['reserve', '3000', '-n', 'b', '--json']);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'PORT_RESERVED', details: { port: 3000, project: 'a' } },
    });
    const invalid = await portman(path, ['check', '0', '--json']);
    expect(JSON.parse(invalid.stderr)).toMatchObject({ error: { code: 'INVALID_PORT' } });
  });
});

describe('a day with portman', () => {
  test('from request to release', async () => {
    const path = await registryWithRange();
    const requested = await portman(path, ['request', '2', '-n', 'shop', '-t', 'web,dev', '-s']);
    const [port, next] = requested.stdout.trim().split('\n').map(Number) as [number, number];
    expect(next).toBe(port + 1);
    const server = await startListener(port);
    const listed = JSON.parse((await portman(path, ['list', '--json'])).stdout) as object[];
    expect(listed).toMatchObject([
      { port, status: 'in-use', listeners: [{ pid: server.pid }], reservation: { tags: ['web', 'dev'] } },
      { port: next, status: 'reserved', listeners: [] },
    ]); // prettier-ignore
    const table = await portman(path, ['list'], { columns: 120 });
    expect(stripVTControlCharacters(table.stdout)).toMatch(/PORT +STATUS +PROJECT/);
    expect(table.stdout).toContain('\u001b[32min-use\u001b[39m');
    expect((await portman(path, ['list', '--format', 'csv'])).stdout).toMatch(
      new RegExp(`^port,status,.*\n${port},in-use,false,false,shop,`),
    );
    const only = async (...argv: string[]): Promise<number> =>
      (JSON.parse((await portman(path, ['list', '--json', ...argv])).stdout) as object[]).length;
    expect(await only('-s', 'in-use')).toBe(1);
    expect(await only('-p', 'shop', '-t', 'web', 'dev')).toBe(2);
    expect(await only('-t', 'other')).toBe(0);
    expect((await portman(path, ['check', String(port)])).stdout).toContain('in use by shop');
    expect((await portman(path, ['projects', '--json'])).stdout).toContain('"activeCount":1');
    const scanned = await portman(path, ['scan', '--range', `${port}-${next}`, '--json']);
    expect(JSON.parse(scanned.stdout)).toMatchObject([{ port }]);
    expect((await portman(path, ['release', String(port)])).status).toBe(1);
    expect((await portman(path, ['kill', String(port), '--json'])).status).toBe(0);
    expect((await portman(path, ['release', `${port}-${next}`])).status).toBe(0);
    const history = await portman(path, ['history', String(port), '--json']);
    const actions = (JSON.parse(history.stdout) as { action: string }[]).map((row) => row.action);
    expect(actions).toEqual(['released', 'reserved', 'killed', 'in-use', 'reserved']);
  });

  test('one port that cannot be freed does not keep kill from the others', async () => {
    const path = newPath();
    const [mine, other] = [await listenHere(), await freePort()];
    await startListener(other);
    const { status, stdout } = await portman(path, ['kill', `${mine}`, `${other}`, '--json']);
    expect(status).toBe(1);
    const outcomes = JSON.parse(stdout) as { port: number; error?: { code: string } }[];
    expect(outcomes.find(({ port }) => port === mine)!.error!.code).toBe('PROCESS_KILL_ERROR');
    expect(outcomes.find(({ port }) => port === other)).not.toHaveProperty('error');
  });

  test('export, import, backup, config, stale and doctor', async () => {
    const path = newPath();
    const file = join(temporaryFolder(), 'ports.yaml');
    await portman(path, ['reserve', '3100-3102', '-n', 'a', '-d', 'x', '--adopt']);
    expect((await portman(path, ['export', file])).status).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toMatch(/^version: /);
    const json = (await portman(path, ['export', '--pretty'])).stdout;
    expect(Object.keys(JSON.parse(json) as object)).toEqual([
      'version', 'exportDate', 'ports', 'checksum',
    ]); // prettier-ignore
    const other = newPath();
    expect((await portman(other, ['import'], { stdin: json })).stdout).toContain('3 added');
    expect((await portman(other, ['import', file, '--replace', '--dry-run'])).stdout).toContain(
      'would be: 0 added, 3 updated',
    );
    writeFileSync(file, readFileSync(file, 'utf8').replace('number: 3101', 'number: 3109'));
    expect(await portman(other, ['import', file])).toMatchObject({ status: 65 });
    expect((await portman(other, ['import', file, '--no-checksum'])).stdout).toContain('1 added');
    const { stdout: backup } = await portman(path, ['backup']);
    expect(statSync(backup.trim()).size).toBeGreaterThan(0);
    await portman(path, ['config', 'set', 'request.avoid', '3000-3005']);
    expect((await portman(path, ['config', 'get', 'request.avoid', '--json'])).stdout).toBe(
      '[3000,3001,3002,3003,3004,3005]\n',
    );
    await portman(path, ['config', 'save', 'now']);
    const days = ['stale', '--days', '0', '--release', '--json'];
    expect(JSON.parse((await portman(path, days)).stdout)).toHaveLength(3);
    expect((await portman(path, ['config', 'load', 'now'])).stdout).toContain('3 added');
    expect((await portman(path, ['config', 'list', '--json'])).stdout).toContain('"now"');
    expect((await portman(path, ['doctor', '--json'])).status).toBe(0);
  });

  test('a shell completes commands and options', async () => {
    const complete = async (...words: string[]): Promise<string> =>
      (await portmanProcess(newPath(), ['complete', '--', ...words])).stdout;
    expect(await complete('re')).toMatch(/^reserve/m);
    expect(await complete('list', '--st')).toMatch(/^--status/m);
    expect(await complete('config', 's')).toMatch(/^show/m);
    expect((await portmanProcess(newPath(), ['completion', 'bash'])).stdout).toContain('portman');
  });
});

describe('ports that a process holds', () => {
  test('are kept when the command has ended, unless its process is named', async () => {
    const path = await registryWithRange();
    await portmanProcess(path, ['request', '1', '-n', 'kept']);
    await portmanProcess(path, ['request', '1', '-n', 'mine', '--owner', String(process.pid)]);
    const argv = ['stale', '--grace', '0', '--json'];
    expect(JSON.parse((await portman(path, argv)).stdout)).toEqual([]);
    const old = await portman(path, [...argv, '--days', '0']);
    expect(JSON.parse(old.stdout)).toMatchObject([{ projectName: 'kept', reason: 'old' }]);
  });
});

describe('a project with a file', () => {
  test('gets all of its ports or none, in .env too, and other ones in each worktree', async () => {
    const path = newPath();
    const root = temporaryFolder();
    const [main, tree] = [join(root, 'shop'), join(root, 'feature')];
    mkdirSync(join(main, '.git', 'worktrees', 'feature'), { recursive: true });
    mkdirSync(tree);
    writeFileSync(join(tree, '.git'), `gitdir: ${main}/.git/worktrees/feature\n`);
    const [web, api] = [await freePort(), await freePort()];
    const file = JSON.stringify({
      project: 'shop',
      ports: { web, api: { port: api, env: 'API', tags: ['x'] }, db: {} },
    });
    for (const folder of [main, tree]) writeFileSync(join(folder, '.portkeeper.json'), file);
    writeFileSync(join(main, '.env'), '# mine\nexport WEB_PORT=1\nOTHER=2\n');
    const up = await portman(path, ['up', '-C', main, '--dotenv', '--json']);
    const first = JSON.parse(up.stdout) as { project: string; ports: { number: number }[] };
    const db = first.ports[2]!.number;
    expect(first).toMatchObject({ project: 'shop', ports: [{ number: web }, { number: api }, {}] });
    expect(readFileSync(join(main, '.env'), 'utf8')).toBe(
      `# mine\nexport WEB_PORT=${web}\nOTHER=2\nAPI=${api}\nDB_PORT=${db}\n`,
    );
    const second = JSON.parse(
      (await portman(path, ['up', '-C', tree, '--json'])).stdout,
    ) as typeof first;
    expect(second.project).toBe('shop@feature');
    const numbers = [...first.ports, ...second.ports].map(({ number }) => number);
    expect(new Set(numbers).size).toBe(6);
    expect(JSON.parse((await portman(path, ['up', '-C', tree, '--json'])).stdout)).toMatchObject({
      ports: second.ports.map(({ number }) => ({ number, isNew: false })),
    });
    expect((await portman(path, ['down', '-C', tree])).status).toBe(0);
    expect(JSON.parse((await portman(path, ['list', '--json'])).stdout)).toHaveLength(3);
  });

  test('whose fixed port is taken gets none', async () => {
    const path = newPath();
    const folder = temporaryFolder();
    const [free, taken] = [await freePort(), await listenHere()];
    const ports = { a: free, b: { port: taken, fixed: true } };
    writeFileSync(join(folder, '.portkeeper.json'), JSON.stringify({ project: 'p', ports }));
    expect(await portman(path, ['up', '-C', folder])).toMatchObject({ status: 1 });
    expect(JSON.parse((await portman(path, ['list', '--json'])).stdout)).toEqual([]);
    writeFileSync(join(folder, '.portkeeper.json'), '{"project": 1}');
    expect(await portman(path, ['up', '-C', folder])).toMatchObject({ status: 65 });
    expect(await portman(path, ['up', '-C', temporaryFolder()])).toMatchObject({ status: 66 });
  });
});

test('a project name that a terminal would obey is refused wherever it comes from', async () => {
  const path = newPath();
  const port = String(await freePort());
  const name = 'a\u001b[2Jb';
  for (const words of [
    ['reserve', port, '-n', name],
    ['request', '1', '-n', name],
    ['run', name, '--port', port, '--', 'true'],
  ]) {
    const { status, stderr } = await portman(path, words);
    expect([status, stderr]).toEqual([2, expect.stringContaining('control')]);
    expect(stderr).not.toContain('\u001b');
  }
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, '.portkeeper.json'),
    JSON.stringify({ project: name, ports: { web: Number(port) } }),
  );
  expect((await portman(path, ['up', '-C', folder])).stderr).toContain('control character');
  expect((await portman(path, ['list', '--json'])).stdout).toBe('[]\n');
});
