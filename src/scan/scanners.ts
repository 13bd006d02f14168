import type { NetworkScanConfig } from '../core/scan-config.ts';
import { AppError } from '../errors.ts';
import type { Scanner } from './scanner.ts';

/** The scanners, by the scan type of their jobs. */
export const scanners: readonly {
  readonly scanType: string;
  /** Its program takes all targets at once, so workers cannot share it. */
  readonly isWhole?: true;
  readonly load: () => Promise<Scanner>;
}[] = [
  { scanType: 'network', load: async () => (await import('./scan-targets.ts')).scanTargets },
  { scanType: 'discovery', load: async () => (await import('./scan-targets.ts')).scanTargets },
  {
    scanType: 'nmap',
    isWhole: true,
    load: async () => (await import('./nmap/scan-with-nmap.ts')).scanWithNmap,
  },
  {
    scanType: 'masscan',
    isWhole: true,
    load: async () => (await import('./masscan/scan-with-masscan.ts')).scanWithMasscan,
  },
  {
    scanType: 'listeners',
    load: async () => (await import('./listeners/scan-listeners.ts')).scanListeners,
  },
];

/** The type of a scan with a configuration. */
export function scanTypeOf({ engine, discovery_only: isDiscovery }: NetworkScanConfig): string {
  if (engine === 'nmap' || engine === 'masscan') return engine;
  return isDiscovery ? 'discovery' : 'network';
}

/**
 * The scanner of a scan type.
 *
 * @throws AppError UNSUPPORTED
 */
export function findScanner(scanType: string, among = scanners): (typeof scanners)[number] {
  const found = among.find((each) => each.scanType === scanType);
  if (found) return found;
  throw new AppError('UNSUPPORTED', `Portolan has no scanner for a scan of type "${scanType}"`);
}

/**
 * Checks that workers can run a scan.
 *
 * @throws AppError UNSUPPORTED
 */
export function assertForWorkers(scanType: string): void {
  if (!scanners.some((each) => each.scanType === scanType && each.isWhole)) return;
  throw new AppError(
    'UNSUPPORTED',
    `a scan with ${scanType} cannot be queued for workers: it takes all targets at once`,
  );
}
