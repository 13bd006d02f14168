import type { ScanRequest } from '../resolve-request.ts';

/** The request of a scan that only finds out which hosts are up. */
export const discoveryRequest = {
  // Discovery has its own ports; this one stands for the work of each host.
  ports: '80',
  discovery_only: true,
  icmp_ping: true,
  probe: false,
  reverse_dns: true,
} as const satisfies Partial<ScanRequest>;
