import type { Command } from 'commander';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApp } from '../../app.ts';
import { startDemoServers } from '../../demo/servers.ts';
import { createScan, runScan } from '../../jobs/run-scan.ts';
import { resolveRequest } from '../../scan/resolve-request.ts';
import { newProgress } from '../../scan/scanner.ts';
import { listCertificates } from '../../store/inventory/certificates.ts';
import { listWeb } from '../../store/inventory/web.ts';
import { type Io, stoppedStatus, write } from '../io.ts';
import { limitedRows, writePorts } from '../lists.ts';
import { type OutputOptions, writeRows } from '../output.ts';
import { progressLine, scanProgressText } from '../progress.ts';
import { formatDuration } from '../../core/duration.ts';
import { certificateShape } from './certs.ts';
import { webShape } from './web.ts';

export function define(command: Command): void {
  command
    .option('--db <path>', 'where the demo keeps its results (default: a new temporary folder)')
    .option('--no-color', 'no colours (as NO_COLOR=1)')
    .addHelpText(
      'after',
      '\nStarts a web server, one with TLS, and an SSH-, a mail- and a Redis-style server on\n' +
        'loopback, scans them into a store of its own, and shows what was found.\n\n' +
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
    const ports = servers.map(({ port }) => port).join(',');
    const list = servers.map(({ name, port }) => `${name} on ${port}`).join(', ');
    await write(io.stdout, `Five servers listen on this machine now: ${list}.\n`);
    await write(io.stdout, `\n$ portolan scan localhost -p ${ports}\n`);
    await using app = await openApp({ db }, { create: true });
    const { config, faults } = await resolveRequest({ targets: ['localhost'], ports });
    const job = await createScan(app.store, {
      scanType: 'network',
      config,
      args: ['demo'],
      toolVersion: app.version,
      faults,
    });
    const progress = newProgress();
    const total = { probes: servers.length };
    const { completed_at: ended, started_at: began } = await (async () => {
      using _line = progressLine(io, scanProgressText(progress, total));
      return await runScan(app.store, job.id, { signal: io.signal, progress });
    })();
    if (io.signal.aborted) return stoppedStatus(io.signal);
    await writePorts(io, app, { filter: { scan: job.id }, output: options });
    await write(io.stdout, `in ${formatDuration((ended ?? 0) - (began ?? 0))}\n\n$ portolan web\n`);
    const { database } = app.store;
    await writeRows(io, options, {
      rows: limitedRows((page) => listWeb(database, {}, page), undefined),
      shape: webShape,
    });
    await write(io.stdout, '\n$ portolan certs\n');
    await writeRows(io, options, {
      rows: limitedRows((page) => listCertificates(database, {}, page), undefined),
      shape: certificateShape,
    });
    await write(io.stdout, nextSteps(db));
    return 0;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

function nextSteps(db: string): string {
  return `
The servers are gone again; what was found stays in ${db}.
Look at it, or at your own network:

  portolan host 127.0.0.1 --db ${db}
  portolan scan localhost                what really listens on this machine
  portolan discover 192.168.1.0/24       which hosts of a network are up
  portolan scan 192.168.1.0/24           what runs on them
  portolan ports --service http --json   what is known now, for programs
`;
}
