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
const libraryPage = readFileSync(join(root, 'docs/library.md'), 'utf8');

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

  describe('as a library', () => {
    const programs = [...libraryPage.matchAll(/```ts\n([\s\S]*?)```/g)].map(
      ([, text = '']) => text,
    );

    test('every program of its documentation is right by the types of the package', async () => {
      expect(programs.length).toBeGreaterThan(1);
      programs.forEach((text, index) => writeFileSync(join(folder, `program-${index}.ts`), text));
      const compilerOptions = {
        module: 'nodenext',
        target: 'es2024',
        lib: ['es2024', 'esnext.disposable'],
        strict: true,
        noEmit: true,
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      };
      const config = { compilerOptions, files: programs.map((_, index) => `program-${index}.ts`) };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
      const tsc = join(root, 'node_modules/.bin/tsc');
      const checked = start(tsc, ['-p', folder]).then(
        () => '',
        ({ stdout }: { stdout: string }) => stdout,
      );
      expect(await checked).toBe('');
    });

    test('the first program scans, lists, imports, queries and exports', async () => {
      const server = createServer((socket) =>
        socket.on('error', () => undefined).end('220 hi\r\n'),
      );
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const xml = `<?xml version="1.0"?><nmaprun scanner="nmap" start="1700000000" version="7.93">
        <host starttime="1700000000"><status state="up" reason="syn-ack"/>
        <address addr="192.0.2.1" addrtype="ipv4"/><ports><port protocol="tcp" portid="8443">
        <state state="open" reason="syn-ack"/></port></ports></host>
        <runstats><finished time="1700000001"/></runstats></nmaprun>`;
      writeFileSync(join(folder, 'nmap.xml'), xml);
      const program = programs[0]!.replace("'1-1024'", `'${port}'`);
      writeFileSync(join(folder, 'first.ts'), program);
      const { stdout } = await start(process.execPath, ['first.ts'], { cwd: folder, env });
      server.close();
      const lines = stdout.trim().split('\n');
      expect(lines[0]).toMatch(new RegExp(`^127\\.0\\.0\\.1 ${port} `));
      expect(lines).toContain(`{ port: ${port}, n: 1 }`);
      expect(lines).toContain('{ port: 8443, n: 1 }');
      const types = lines
        .filter((line) => line.startsWith('{"'))
        .map((line) => {
          return (JSON.parse(line) as { type: string }).type;
        });
      expect([types[0], types.at(-1)]).toEqual(['run.start', 'run.finish']);
    });
  });
});
