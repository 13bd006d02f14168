import type { App } from '../app.ts';
import type { ScanEvent } from '../core/events.ts';
import { shortId } from '../core/ids.ts';
import { runScan } from '../jobs/run-scan.ts';
import { newProgress, type ScanProgress } from '../scan/scanner.ts';
import type { Job } from '../store/scans/jobs.ts';
import type { PlannedScan } from '../store/scans/planned-scan.ts';
import { type Io, stoppedStatus, write } from './io.ts';
import { type OutputOptions, withOutput } from './output.ts';
import { limitHeap } from './limit-heap.ts';
import { progressLine, scanProgressText } from './progress.ts';
import { writeList } from './write-list.ts';
import { hosts } from '../resources/hosts.ts';
import { ports } from '../resources/ports.ts';
import { count, number } from '../core/quantity.ts';
import { formatDuration } from '../core/duration.ts';
import { hostPort } from '../core/scope.ts';

interface Options extends OutputOptions {
  readonly silent?: boolean;
  readonly verbose?: boolean;
}

/**
 * Runs a pending scan while its progress shows on the terminal, and prints what it found in the
 * form that the options ask for.
 *
 * @returns the exit status: 0 completed, 1 ended otherwise, 130 stopped by Ctrl-C, 143 by SIGTERM
 */
export async function followScan(
  io: Io,
  app: App,
  scan: PlannedScan,
  options: Options,
): Promise<number> {
  limitHeap();
  const progress = newProgress();
  const isStreaming = options.silent === true || options.jsonl === true;
  const finished = isStreaming
    ? await runStreaming(io, { app, scan, options, progress })
    : await run(io, { app, scan, progress });
  if (!isStreaming) await writeFinds(io, app, finished, options);
  if (!options.silent) {
    await write(io.stderr, summary(finished, app.store.location));
    if (options.verbose) await write(io.stderr, details(progress));
  }
  if (finished.status === 'completed') return 0;
  await write(io.stderr, howToResume(finished));
  return finished.status === 'cancelled' ? stoppedStatus(io.signal) : 1;
}

function howToResume({ id, status, error_message: cause }: Job): string {
  const words: Readonly<Record<string, string>> = { cancelled: 'Stopped', paused: 'Paused' };
  const ended = words[status] ?? `The scan is ${status}`;
  const why = cause === null ? '' : `: ${cause}`;
  return `${ended}${why}; results so far are kept. To resume: portolan resume ${shortId(id)}\n`;
}

/** A scan that only asks which hosts are up. */
function findsHosts({ config }: Job): boolean {
  return config['discovery_only'] === true;
}

interface Running {
  readonly app: App;
  readonly scan: PlannedScan;
  readonly progress: ScanProgress;
  readonly onOpenPort?: (addr: string, port: number) => void;
  readonly onEvents?: (events: readonly ScanEvent[]) => void;
}

async function run(io: Io, { app, scan, progress, ...hooks }: Running): Promise<Job> {
  using _line = progressLine(io, scanProgressText(progress, { probes: scan.plan.probeCount }));
  return await runScan(app.store, scan, { ...hooks, progress, signal: io.signal });
}

/** Prints results (`--silent`) or events (`--jsonl`) while the scan runs. */
async function runStreaming(
  io: Io,
  { options, ...running }: Running & { readonly options: Options },
): Promise<Job> {
  return await withOutput(io, options, async (stream) => {
    const print = (line: string): void => void stream.write(`${line}\n`);
    const isDiscovery = findsHosts(running.scan.job);
    return await run(io, {
      ...running,
      ...(options.silent && !isDiscovery
        ? { onOpenPort: (addr, port) => print(hostPort(addr, port)) }
        : {
            onEvents: (events) => {
              for (const event of events) {
                if (!options.silent) print(JSON.stringify(event));
                else if (event.type === 'scan.host' && event.state === 'up') print(event.addr);
              }
            },
          }),
    });
  });
}

async function writeFinds(io: Io, app: App, job: Job, output: Options): Promise<void> {
  const { database } = app.store;
  const isTable = !output.json && !output.csv;
  if (findsHosts(job)) {
    if (isTable && job.hosts_up === 0) return;
    const filter = { scan: job.id, state: 'up' as const };
    return writeList(io, database, { resource: hosts, path: 'hosts', filter, output });
  }
  if (isTable && job.ports_open === 0) return;
  const filter = { scan: job.id };
  return writeList(io, database, { resource: ports, path: 'ports', filter, output });
}

/** One line about how a scan went; if it found nothing, what it probed and what to try next. */
function summary(job: Job, location: string): string {
  const { counts } = job;
  const isDiscovery = findsHosts(job);
  const parts = [
    `${count(job.hosts_up, 'host')} up of ${number(job.hosts_total ?? 0)}`,
    isDiscovery ? '' : count(job.ports_open, 'open port'),
    job.error_count > 0 ? `${count(job.error_count, 'error')} ("portolan errors --scan last")` : '',
  ].filter((part) => part !== '');
  const now = Date.now();
  const took = formatDuration((job.completed_at ?? now) - (job.started_at ?? now));
  const line = `${parts.join(', ')} in ${took}. Scan ${shortId(job.id)} saved to ${location}.\n`;
  const isEmpty = isDiscovery ? job.hosts_up === 0 : job.ports_open === 0;
  return isEmpty && job.status === 'completed' ? nothingFound(job, counts) + line : line;
}

function nothingFound(job: Job, counts: Job['counts']): string {
  const { targets: asked, ports: asPorts } = job.coverage;
  const targets: unknown[] = Array.isArray(asked) ? asked : [];
  const shown = targets.slice(0, 4).join(', ') + (targets.length > 4 ? ', …' : '');
  if (findsHosts(job)) return `No host of ${shown} answered.\n`;
  const silent =
    job.hosts_up === 0
      ? 'No host answered. If a firewall drops discovery probes, scan anyway with --assume-up.\n'
      : '';
  const covered = `ports ${String(asPorts).slice(0, 60)}`;
  const sent = counts['probes_sent'] ?? 0;
  const tried = sent === 0 ? covered : `${count(sent, 'connect')} to ${covered}`;
  return (
    `No open port on ${shown}: ${tried} found none.\n${silent}` +
    'To see what a scan with results looks like: portolan demo\n'
  );
}

function details(progress: ScanProgress): string {
  const { probesSent, probesAnswered, probesTimedOut, probesRetried, localFaults } = progress;
  return (
    `${number(probesSent)} connects tried, ${number(probesAnswered)} answered, ` +
    `${number(probesTimedOut)} timed out, ${number(probesRetried)} of them retries; ` +
    `${number(localFaults)} repeated because this machine could not make them.\n`
  );
}
