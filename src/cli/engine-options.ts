import { AppError } from '../errors.ts';
import { splitWords } from '../scan/external/split-words.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';
import type { ScanOptions } from './scan-options.ts';

export interface EngineOptions {
  readonly nmapArgs?: string;
  readonly masscanArgs?: string;
}

/** Options of Portolan's own engines that no other program has, and what to use instead. */
const own = [
  ['parallelism', '--parallelism'],
  ['hostParallelism', '--host-parallelism'],
  ['timeout', '--timeout'],
  ['retryDelay', '--retry-delay'],
] as const;

/**
 * The engine of a scan and the options that its program gets: those that were handed through, and
 * Portolan's own in its words.
 *
 * @throws AppError USAGE
 */
export function readEngine(
  options: ScanOptions & EngineOptions,
): Pick<NetworkScanConfig, 'engine' | 'engine_args'> {
  const { engine = 'auto', nmapArgs, masscanArgs } = options;
  for (const [name, text] of Object.entries({ nmap: nmapArgs, masscan: masscanArgs })) {
    if (text !== undefined && engine !== name) {
      throw new AppError('USAGE', `--${name}-args needs --engine ${name}`);
    }
  }
  if (engine !== 'nmap' && engine !== 'masscan') return { engine, engine_args: [] };
  for (const [option, spelling] of own) {
    if (options[option] === undefined) continue;
    throw new AppError(
      'USAGE',
      `${spelling} is for Portolan's own engines: use --${engine}-args instead`,
    );
  }
  const words = splitWords((engine === 'nmap' ? nmapArgs : masscanArgs) ?? '');
  const shared = engine === 'nmap' ? nmapWords(options) : masscanWords(options);
  return { engine, engine_args: [...words, ...shared] };
}

function nmapWords({ timing, rate, retries, hostTimeout }: ScanOptions): string[] {
  return [
    ...(timing === undefined ? [] : [`-T${timing}`]),
    ...(rate === undefined || rate === 0 ? [] : ['--max-rate', String(rate)]),
    ...(retries === undefined ? [] : ['--max-retries', String(retries)]),
    ...(hostTimeout === undefined || hostTimeout === 0
      ? []
      : ['--host-timeout', `${hostTimeout}ms`]),
  ];
}

function masscanWords({ rate, retries }: ScanOptions): string[] {
  return [
    ...(rate === undefined || rate === 0 ? [] : ['--rate', String(rate)]),
    ...(retries === undefined ? [] : ['--retries', String(retries)]),
  ];
}
