import { AppError } from '../errors.ts';
import { splitWords } from '../scan/external/split-words.ts';
import type { NetworkScanConfig } from '../core/scan-config.ts';
import type { ScanSettings } from '../core/scan-settings.ts';
import type { ScanOptions } from './scan-options.ts';
import { longFlagOf, readSettings } from './setting-options.ts';

export interface EngineOptions {
  readonly nmapArgs?: string;
  readonly masscanArgs?: string;
}

/** Settings of Portolan's own engines that no other program has. */
const ownSettings = ['parallelism', 'host_parallelism', 'timeout_ms', 'retry_delay_ms'] as const;

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
  const settings = readSettings(options);
  const own = ownSettings.find((name) => settings[name] !== undefined);
  if (own !== undefined) {
    throw new AppError(
      'USAGE',
      `${longFlagOf(own)} is for Portolan's own engines: use --${engine}-args instead`,
    );
  }
  const words = splitWords((engine === 'nmap' ? nmapArgs : masscanArgs) ?? '');
  const shared = engine === 'nmap' ? nmapWords(settings) : masscanWords(settings);
  return { engine, engine_args: [...words, ...shared] };
}

function nmapWords({ timing, rate, retries, host_timeout_ms: hostTimeout }: ScanSettings) {
  return [
    ...(timing === undefined ? [] : [`-T${timing}`]),
    ...(rate ? ['--max-rate', String(rate)] : []),
    ...(retries === undefined ? [] : ['--max-retries', String(retries)]),
    ...(hostTimeout ? ['--host-timeout', `${hostTimeout}ms`] : []),
  ];
}

function masscanWords({ rate, retries }: ScanSettings): string[] {
  return [
    ...(rate ? ['--rate', String(rate)] : []),
    ...(retries === undefined ? [] : ['--retries', String(retries)]),
  ];
}
