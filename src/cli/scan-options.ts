import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { JobPriority } from '../core/job-priority.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';
import { parseTarget, splitTargets } from '../core/targets.ts';
import { AppError } from '../errors.ts';
import type { ScanRequest } from '../scan/resolve-request.ts';
import type { Io } from './io.ts';
import { collect, durationOption, integerOption } from './option-values.ts';
import { addSettingOptions, readSettings } from './setting-options.ts';

/** What the options of `scan` and `discover` have in common. */
export interface ScanOptions {
  readonly inputList?: string;
  readonly exclude?: readonly string[];
  readonly excludefile?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly seed?: string;
  readonly shard?: { index: number; count: number };
  readonly engine?: NetworkScanConfig['engine'];
  readonly target?: string;
  readonly profile?: string;
  readonly name?: string;
  readonly maxTime?: number;
  readonly detach?: boolean;
  readonly priority?: JobPriority;
  readonly onLabel?: string;
  readonly maxAttempts?: number;
  readonly batchSize?: number;
}

/**
 * Adds the options that `scan` and `discover` share.
 *
 * @param engines the choices of `--engine`
 */
export function addScanOptions(
  command: Command,
  engines: readonly NetworkScanConfig['engine'][] = ['auto', 'epoll', 'sockets'],
): Command {
  command
    .argument('[targets...]', 'addresses, networks, ranges (10.0.0.1-50), names; - for stdin')
    .option('--target <name>', 'scan a named target with its ports and limits')
    .option('--profile <name>', 'scan with a named profile: quick, web, full, …')
    .option('-i, --input-list <file>', 'read targets from a file, as nmap -iL; - for stdin')
    .option('--exclude <targets>', 'exclude these, separated by commas; may be repeated', collect)
    .option('--excludefile <file>', 'exclude the targets in a file');
  addSettingOptions(command, [
    'timing',
    'rate',
    'parallelism',
    'host_parallelism',
    'resolve_all',
    'timeout_ms',
    'retries',
    'retry_delay_ms',
    'host_timeout_ms',
    'reverse_dns',
  ]);
  return addQueueOptions(command)
    .option('--seed <text>', 'seed of the target order')
    .option('--shard <i/n>', 'scan part i of n; all parts need the same --seed', shard)
    .addOption(
      new Option('--engine <engine>', 'how ports are probed').choices(engines).default('auto'),
    )
    .option('--name <name>', 'a name for the scan, beside its id')
    .option(
      '--max-time <time>',
      'stop the scan after this time and keep its results: 90s, 30m, 2h',
      durationOption,
    )
    .option('-y, --yes', 'confirm a scan of more than a /16 or of public ranges')
    .option('--dry-run', 'print what would be scanned and how long it would take; scan nothing');
}

/** Adds `--detach` and the options of a queued scan. */
function addQueueOptions(command: Command): Command {
  return command
    .option('-d, --detach', 'queue the scan for workers ("portolan worker") and return')
    .addOption(
      new Option('--priority <priority>', 'with --detach: priority in the queue')
        .choices(['low', 'normal', 'high', 'urgent'])
        .default('normal'),
    )
    .option('--on-label <label>', 'with --detach: only workers with this label')
    .option('--max-attempts <n>', 'with --detach: maximum attempts', integerOption(1, 100))
    .option(
      '--batch-size <n>',
      'with --detach: maximum units that a worker leases at once',
      integerOption(1, 10_000),
    );
}

/**
 * The part of a scan's request that these options give.
 *
 * @throws AppError USAGE, NO_INPUT
 */
export async function readScanRequest(
  io: Io,
  words: readonly string[],
  options: ScanOptions,
): Promise<ScanRequest> {
  if (options.shard && options.seed === undefined) {
    throw new AppError('USAGE', '--shard needs a --seed that is the same for all parts');
  }
  const files = [
    ...(options.inputList === undefined ? [] : [options.inputList]),
    ...(words.includes('-') ? ['-'] : []),
  ];
  const lists = await Promise.all([...new Set(files)].map((file) => readList(io, file)));
  const excluded = options.excludefile === undefined ? [] : await readList(io, options.excludefile);
  return {
    ...readSettings(options),
    targets: [...words.filter((word) => word !== '-').flatMap(splitTargets), ...lists.flat()],
    exclude: [...(options.exclude ?? []).flatMap(splitTargets), ...excluded],
    confirmed: options.yes === true || options.dryRun === true,
    seed: options.seed,
    shard: options.shard,
  };
}

async function readList(io: Io, file: string): Promise<string[]> {
  if (file === '-') return checkedTargets('standard input', await readAll(io.stdin));
  return checkedTargets(file, await readTargets(file));
}

/** The targets of a list. An error names the file and the line. */
function checkedTargets(source: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const words = splitTargets(line);
    try {
      words.forEach(parseTarget);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new AppError(error.code, `${source}:${index + 1}: ${error.message}`, { cause: error });
    }
    return words;
  });
}

async function readTargets(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AppError('NO_INPUT', `cannot read the targets in "${file}": ${String(error)}`, {
      cause: error,
    });
  }
}

function shard(text: string): { index: number; count: number } {
  const [, index = '', count = ''] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const parsed = { index: Number(index), count: Number(count) };
  if (parsed.index < 1 || parsed.index > parsed.count) {
    throw new InvalidArgumentError('Give a part i of n, such as 1/4.');
  }
  return parsed;
}
