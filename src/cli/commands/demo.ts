import type { Command } from 'commander';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../../app.ts';
import { formatDuration } from '../../core/duration.ts';
import { startDemoServers } from '../../demo/servers.ts';
import { createScan } from '../../jobs/create-scan.ts';
import { runScan } from '../../jobs/run-scan.ts';
import { certificates } from '../../resources/certificates.ts';
import { ports } from '../../resources/ports.ts';
import { web } from '../../resources/web.ts';
import { resolveRequest } from '../../scan/resolve-request.ts';
import { newProgress } from '../../scan/scanner.ts';
import type { Job } from '../../store/scans/jobs.ts';
import { type Io, stoppedStatus, write } from '../io.ts';
import type { OutputOptions } from '../output.ts';
import { progressLine, scanProgressText } from '../progress.ts';
import { writeList } from '../write-list.ts';

export function define(command: Command): void {
  command
    .option('--db <path>', 'store of the demo (default: a new temporary folder)')
    .option('--no-color', 'no colors (as NO_COLOR=1)')
    .addHelpText(
      'after',
      '\nStarts a web server, one with TLS, and servers that resemble SSH, mail and Redis on loopback,\n' +
        'scans them into a separate store, and shows the results.\n\n' +
        'Example:\n  portolan demo',
    );
}

export async function run(
  io: Io,
  _operands: [],
  options: OutputOptions & { readonly db?: string },
): Promise<number> {
  const db = options.db ?? join(await mkdtemp(join(tmpdir(), 'portolan-demo-')), 'results.db');
  const servers = await startDemoServers();
  try {
    const numbers = servers.map(({ port }) => port).join(',');
    const list = servers.map(({ name, port }) => `${name} on ${port}`).join(', ');
    await write(io.stdout, `Five servers listen on this machine now: ${list}.\n`);
    await write(io.stdout, `\n$ portolan scan localhost -p ${numbers}\n`);
    await using app = await openApp({ db }, { create: true });
    const scan = await scanServers(io, app, numbers, servers.length);
    if (io.signal.aborted) return stoppedStatus(io.signal);
    await showFinds(io, app, scan, options);
    await write(io.stdout, nextSteps(db));
    return 0;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

async function scanServers(io: Io, app: App, numbers: string, probes: number): Promise<Job> {
  const { config, faults } = await resolveRequest({ targets: ['localhost'], ports: numbers });
  const scan = await createScan(app.store, {
    config,
    args: ['demo'],
    toolVersion: app.version,
    faults,
  });
  const progress = newProgress();
  using _line = progressLine(io, scanProgressText(progress, { probes }));
  return await runScan(app.store, scan, { signal: io.signal, progress });
}

async function showFinds(io: Io, app: App, scan: Job, output: OutputOptions): Promise<void> {
  const { database } = app.store;
  const filter = { scan: scan.id };
  await writeList(io, database, { resource: ports, path: 'ports', filter, output });
  const took = formatDuration((scan.completed_at ?? 0) - (scan.started_at ?? 0));
  await write(io.stdout, `in ${took}\n\n$ portolan web\n`);
  await writeList(io, database, { resource: web, path: 'web', filter: {}, output });
  await write(io.stdout, '\n$ portolan certs\n');
  await writeList(io, database, { resource: certificates, path: 'certs', filter: {}, output });
}

function nextSteps(db: string): string {
  return `
The servers have stopped; the results stay in ${db}.
Look at it, or at your own network:

  portolan host 127.0.0.1 --db ${db}
  portolan scan localhost                the services of this machine
  portolan discover 192.168.1.0/24       which hosts of a network are up
  portolan scan 192.168.1.0/24           scan them
  portolan ports --service http --json   what is known now, for programs
`;
}
