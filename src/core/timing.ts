import type { ScanSettings } from './scan-settings.ts';

/**
 * Timing templates 0 (paranoid) to 5 (insane), in the order of nmap's `-T`. The pauses of 0 to 2
 * and the time limits of 4 and 5 are nmap's documented values; the rates are Portolan's. 3 is the
 * default and changes no setting.
 */
export const timingTemplates: readonly ScanSettings[] = [
  { rate: 1 / 300, parallelism: 1, host_parallelism: 1, timeout_ms: 10_000 },
  { rate: 1 / 15, parallelism: 1, host_parallelism: 1, timeout_ms: 10_000 },
  { rate: 2.5, parallelism: 10, host_parallelism: 1, timeout_ms: 10_000 },
  {},
  { rate: 2500, host_parallelism: 100, timeout_ms: 1250 },
  {
    rate: 0,
    parallelism: 16_000,
    host_parallelism: 500,
    timeout_ms: 300,
    retry_delay_ms: 0,
    host_timeout_ms: 900_000,
  },
];

/** Loopback disturbs no one: no rate limit, and as many connections as a host handles best. */
export const loopbackTiming: ScanSettings = { rate: 0, host_parallelism: 64 };
