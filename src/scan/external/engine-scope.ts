import type { NetworkScanConfig } from '../../core/scan-config.ts';

/** What the options of another scanner's program mean for a scan. */
export interface EngineScope {
  readonly tcp: boolean;
  readonly udp: boolean;
  /** No ports at all, only hosts. */
  readonly isDiscovery: boolean;
}

/**
 * Checks the options for another scanner's program before anything is recorded. Undefined for
 * Portolan's own engines and for masscan, where the port list alone decides.
 *
 * @throws AppError USAGE for options that are refused; UNSUPPORTED where they need a privilege that
 *   this user lacks
 */
export async function engineScope({
  engine,
  engine_args: words = [],
}: Partial<Pick<NetworkScanConfig, 'engine' | 'engine_args'>>): Promise<EngineScope | undefined> {
  if (engine === 'nmap') {
    const { assertPrivileged, nmapOptions } = await import('../nmap/nmap-options.ts');
    const options = nmapOptions(words);
    assertPrivileged(options);
    return options;
  }
  if (engine === 'masscan') {
    const { masscanOptions } = await import('../masscan/masscan-options.ts');
    masscanOptions(words);
  }
  return undefined;
}
