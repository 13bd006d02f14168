import type { ScanRequest } from '../resolve-request.ts';

/** What a scan asks for that only looks who is up. */
export function discoveryRequest({
  engine = 'auto',
  ping = true,
  dns = true,
}: {
  readonly engine?: NonNullable<ScanRequest['options']>['engine'] | undefined;
  /** Hosts are asked by the system's "ping" too. */
  readonly ping?: boolean | undefined;
  /** DNS is asked for the names of hosts that are up. */
  readonly dns?: boolean | undefined;
} = {}): Pick<ScanRequest, 'ports' | 'options'> {
  return {
    // Hosts are asked on ports of their own; this is the one that a discovery counts as its work.
    ports: '80',
    options: {
      discovery_only: true,
      engine,
      icmp_ping: ping,
      probe: false,
      reverse_dns: dns,
    },
  };
}
