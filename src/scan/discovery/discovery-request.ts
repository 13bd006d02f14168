import type { ScanRequest } from '../resolve-request.ts';

/** The request of a scan that only finds out which hosts are up. */
export function discoveryRequest({
  engine = 'auto',
  ping = true,
  dns = true,
}: {
  readonly engine?: NonNullable<ScanRequest['options']>['engine'] | undefined;
  /** Hosts are pinged too. */
  readonly ping?: boolean | undefined;
  /** Names of hosts that are up are looked up in DNS. */
  readonly dns?: boolean | undefined;
} = {}): Pick<ScanRequest, 'ports' | 'options'> {
  return {
    // Discovery has its own ports; this one stands for the work of each host.
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
