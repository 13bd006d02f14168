import type { NetworkScanConfig } from './scan-config.ts';

/** The part of a configuration that says how fast and how patient a scan is. */
export type Timing = Pick<
  NetworkScanConfig,
  | 'rate'
  | 'parallelism'
  | 'host_parallelism'
  | 'timeout_ms'
  | 'retries'
  | 'retry_delay_ms'
  | 'host_timeout_ms'
>;

/** The timing of a scan where none is requested. */
export const normalTiming: Timing = {
  rate: 500,
  parallelism: 4000,
  host_parallelism: 50,
  timeout_ms: 1500,
  retries: 2,
  retry_delay_ms: 1000,
  host_timeout_ms: 0,
};

/**
 * Timing templates 0 (paranoid) to 5 (insane), in the order of nmap's `-T`: the pauses of 0 to 2
 * and the time limits of 4 and 5 are its documented ones, rates are Portolan's own manners. 3 is
 * the default.
 */
export const timingTemplates: readonly Timing[] = [
  { ...normalTiming, rate: 1 / 300, parallelism: 1, host_parallelism: 1, timeout_ms: 10_000 },
  { ...normalTiming, rate: 1 / 15, parallelism: 1, host_parallelism: 1, timeout_ms: 10_000 },
  { ...normalTiming, rate: 2.5, parallelism: 10, host_parallelism: 1, timeout_ms: 10_000 },
  normalTiming,
  { ...normalTiming, rate: 2500, host_parallelism: 100, timeout_ms: 1250 },
  {
    ...normalTiming,
    rate: 0,
    parallelism: 16_000,
    host_parallelism: 500,
    timeout_ms: 300,
    retry_delay_ms: 0,
    host_timeout_ms: 900_000,
  },
];

/** On loopback nobody is disturbed: no rate limit, and as many connects as one host takes best. */
export const loopbackTiming: Timing = { ...normalTiming, rate: 0, host_parallelism: 64 };
