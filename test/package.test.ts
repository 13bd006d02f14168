import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const start = promisify(execFile);

describe('the package that is published', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-package-'));
  const env = { ...process.env, HOME: folder, PORTKEEPER_DB_PATH: join(folder, 'ports.db') };

  /** Runs a program of the installed package. */
  async function run(bin: string, ...words: string[]): Promise<string> {
    const path = join(folder, 'node_modules/.bin', bin);
    return (await start(process.execPath, [path, ...words], { cwd: folder, env })).stdout;
  }

  beforeAll(async () => {
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'pipe' });
    const pack = ['pack', '--silent', '--pack-destination', folder, './build/package'];
    const name = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim();
    writeFileSync(join(folder, 'package.json'), '{"private": true}');
    const install = ['install', `./${name}`, '--prefer-offline', '--ignore-scripts'];
    await start('npm', install, { cwd: folder });
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has the version of its manifest', async () => {
    const manifest = readFileSync(join(root, 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await run('portolan', '--version')).toBe(`${version}\n`);
  });

  test('says which Node.js it needs', () => {
    const manifest = readFileSync(join(folder, 'node_modules/portolan/package.json'), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({ engines: { node: '>=22.18' } });
  });

  test('scans all ports of this machine and shows what it found', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const db = ['--db', join(folder, 'x.db')];
    const found = await run(
      'portolan',
      'scan',
      '127.0.0.1',
      '-p',
      '-',
      '--no-probe',
      '--json',
      ...db,
    );
    server.close();
    expect(JSON.parse(found)).toContainEqual(
      expect.objectContaining({ address: '127.0.0.1', port, state: 'open' }),
    );
    expect(await run('portolan', 'ports', '-p', String(port), '--csv', ...db)).toContain('syn-ack');
  });

  test('keeps reservations of ports', async () => {
    const port = await run('portman', 'request', '1', '-n', 'shop');
    const listed = await run('portman', 'list', '--csv');
    expect(listed).toMatch(new RegExp(`\\b${port.trim()}\\b.*shop`));
  });
});
