/**
 * Runs the commands of the README's picture on real servers and prints what a terminal received,
 * as JSON. Its network must be one of its own, because the servers take well-known ports.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDemoServers } from '../../src/demo/servers.ts';
import { columns, type RecordedCommand } from './recording.ts';

const commands = [
  'portolan scan localhost',
  'portolan certs',
  'portolan query "SELECT port, status, server_header FROM ports JOIN http_endpoints USING (port_id)"',
  'portolan export --format parquet -o results/',
];

/** Where the results seem to be: a folder of the recording says nothing to a reader. */
const home = '/home/ada';

const folder = mkdtempSync(join(tmpdir(), 'portolan-picture-'));
const servers = await startDemoServers({ ssh: 22, smtp: 25, http: 80, https: 443, redis: 6379 });
try {
  const bin = fileURLToPath(new URL('../../bin/portolan.js', import.meta.url));
  const call = `exec "${process.execPath}" "${bin}" "$@"`;
  writeFileSync(join(folder, 'portolan'), `#!/bin/sh\n${call}\n`, { mode: 0o755 });
  const recorded: RecordedCommand[] = [];
  for (const command of commands) recorded.push(await run(command));
  process.stdout.write(JSON.stringify(recorded));
} finally {
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
}

/** Runs a command in a terminal of its own and notes what appears there, and when. */
async function run(command: string): Promise<RecordedCommand> {
  const inTerminal = `stty cols ${columns} rows 40; ${command}`;
  const child = spawn('script', ['--quiet', '--return', '--command', inTerminal, '/dev/null'], {
    cwd: folder,
    env: { HOME: folder, PATH: `${folder}:${process.env.PATH}`, TERM: 'xterm-256color' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const began = Date.now();
  const output: RecordedCommand['output'][number][] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.push({ atMs: Date.now() - began, text: text.replaceAll(folder, home) });
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  if (status !== 0) throw new Error(`"${command}" ended with status ${status}`);
  return { command, output };
}
