import type { NetworkScanConfig } from '../core/scan-config.ts';
import type { Scanner } from './scanner.ts';

/** The scans that Portolan makes itself, by the scan type of their jobs. */
export const scanners: readonly {
  readonly scanType: string;
  readonly load: () => Promise<Scanner<NetworkScanConfig>>;
}[] = [
  { scanType: 'network', load: async () => (await import('./scan-targets.ts')).scanTargets },
  { scanType: 'discovery', load: async () => (await import('./scan-targets.ts')).scanTargets },
  {
    scanType: 'nmap',
    load: async () => (await import('./nmap/scan-with-nmap.ts')).scanWithNmap,
  },
  {
    scanType: 'masscan',
    load: async () => (await import('./masscan/scan-with-masscan.ts')).scanWithMasscan,
  },
  {
    scanType: 'listeners',
    load: async () => (await import('./listeners/scan-listeners.ts')).scanListeners,
  },
];
