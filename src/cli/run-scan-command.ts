import { planScan } from '../core/plan.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';
import type { App } from '../app.ts';
import { applyProfile } from '../jobs/apply-profile.ts';
import { createScan, type QueueSettings } from '../jobs/create-scan.ts';
import { resolveRequest, type ScanRequest } from '../scan/resolve-request.ts';
import { AppError } from '../errors.ts';
import { followScan } from './follow-scan.ts';
import { type Io, write } from './io.ts';
import { writeQueued } from './scan-summary.ts';
import { formatOf, type OutputOptions, withOutput } from './output.ts';
import { readScanRequest, type ScanOptions } from './scan-options.ts';
import { openFrom, type StoreOptions } from './store-option.ts';
import { count, number } from '../core/quantity.ts';
import { formatDuration } from '../core/duration.ts';

type Options = ScanOptions &
  OutputOptions &
  StoreOptions & {
    readonly silent?: boolean;
    readonly verbose?: boolean;
    /** Every word of the command line. */
    readonly line: readonly string[];
    /** What this command requests where the shared options say nothing. */
    readonly ask: Partial<ScanRequest>;
  };

/** What `scan` and `discover` do: prepare, scan, record, show. */
export async function runScanCommand(
  io: Io,
  words: readonly string[],
  options: Options,
): Promise<number> {
  const queue = queueOf(options);
  const request = { ...options.ask, ...(await readScanRequest(io, words, options)) };
  await using opened = new AsyncDisposableStack();
  const known = await openKnown(io, options);
  if (known) opened.use(known);
  const { target, profile } = options;
  const { config, notes, faults } = await resolveRequest(
    known ? await applyProfile(known.store.database, { ...request, target, profile }) : request,
  );
  for (const note of [...notes, ...faults.map(({ message }) => message)]) {
    await write(io.stderr, `portolan: ${note}\n`);
  }
  if (options.dryRun) {
    await printDryRun(io, options, config);
    return 0;
  }
  const app = known ?? opened.use(await openFrom(io, options, true));
  const scan = await createScan(app.store, {
    config,
    args: options.line.map(maskPassword),
    toolVersion: app.version,
    faults,
    scanId: options.name,
    runLimitMs: options.maxTime,
    queue,
    origin: { target, profile },
  });
  if (options.detach) return await writeQueued(io, options, scan.job);
  return await followScan(io, app, scan, options);
}

/** A word of the command line as it is stored: `--db` may hold a password. */
function maskPassword(word: string): string {
  return word.replace(/(:\/\/[^/@:]*):[^/]*@/, '$1:***@');
}

/** The store, for its exclusions; undefined if there is none yet and none is needed. */
async function openKnown(io: Io, options: Options): Promise<App | undefined> {
  try {
    return await openFrom(io, options);
  } catch (error) {
    const code = error instanceof AppError ? error.code : undefined;
    const isMissing = code === 'NOT_FOUND' && options.target === undefined;
    if (isMissing && options.profile === undefined) return undefined;
    if (isMissing || (code === 'STORE_OLDER' && !options.dryRun)) {
      return await openFrom(io, options, true);
    }
    throw error;
  }
}

function queueOf(options: Options): QueueSettings | undefined {
  const { detach, priority, onLabel: label, maxAttempts, batchSize } = options;
  if (detach) return { priority, label, maxAttempts, batchSize };
  if (label === undefined && maxAttempts === undefined && batchSize === undefined) return undefined;
  throw new AppError(
    'USAGE',
    '--on-label, --max-attempts and --batch-size are for queued scans: add --detach',
  );
}

/** What a scan would do: every number computed from ranges, whatever their size. */
async function printDryRun(io: Io, options: Options, config: NetworkScanConfig): Promise<void> {
  const plan = planScan(config);
  const tries = plan.probeCount * (1 + config.retries);
  const seconds = (probes: number): number | null =>
    config.rate > 0 ? probes / config.rate : null;
  await withOutput(io, options, async (stream) => {
    if (formatOf(options) !== 'table') {
      const value = {
        targets: config.targets,
        ports: config.ports,
        hosts: plan.hostCount,
        probes: plan.probeCount,
        units: plan.unitCount,
        rate: config.rate,
        seconds_at_least: seconds(plan.probeCount),
        seconds_at_most: seconds(tries),
        config,
      };
      return write(stream, `${JSON.stringify(value, null, 2)}\n`);
    }
    const [least, most] = [seconds(plan.probeCount), seconds(tries)];
    const lines = [
      `Targets   ${listed(config.targets)} (${count(plan.hostCount, 'host')}${shardText(config)})`,
      config.discovery_only ? '' : `Ports     ${listed(config.ports.split(','))}`,
      `Probes    ${number(plan.probeCount)}, up to ${number(tries)} with retries`,
      least === null || most === null
        ? 'Time      as fast as this machine allows: no rate limit'
        : `Time      ${formatDuration(least * 1000)} to ${formatDuration(most * 1000)} at ${config.rate}/s` +
          (config.assume_up === 'all' ? '' : ', less where hosts are down'),
      'Nothing was scanned (--dry-run).',
    ];
    return write(stream, lines.filter((line) => line !== '').join('\n') + '\n');
  });
}

/** The first few of many words. */
function listed(words: readonly string[]): string {
  const shown = words.slice(0, 8).join(', ');
  return words.length > 8 ? `${shown}, … (${number(words.length)} ranges)` : shown;
}

function shardText({ shard }: NetworkScanConfig): string {
  return shard ? `, part ${shard.index} of ${shard.count}` : '';
}
