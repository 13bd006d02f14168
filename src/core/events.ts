import { z } from 'zod';
import {
  address,
  base,
  count,
  endpoint,
  faviconHash,
  hop,
  json,
  notShown,
  osMatch,
  port,
  service,
  text,
  time,
  tls,
} from './event-fields.ts';
import { hostStates, portStates, reasons, severities, transports } from './states.ts';

/**
 * The events of a scan, version 1 of Portolan's JSON Lines format: one object per line, first
 * `run.start`, last `run.finish`; all times epoch ms UTC. The fields of `scan.port`,
 * `web.endpoint` and `run.error` are those of the V1 data set.
 */

export const runStart = z.object({
  type: z.literal('run.start'),
  ...base,
  t: time,
  tool_version: text,
  args: z.union([z.array(text), json]),
  scan_type: z.string().min(1).max(40),
  config: json,
  /** What the scan was asked to cover: target texts, exclusions, a port list. */
  coverage: json,
  git_sha: z.string().max(64).optional(),
  /** The scanner's name for the run, if `run_id` is derived from it. */
  scan_id: z.string().min(1).max(200).optional(),
});

export const runPhase = z.object({
  type: z.literal('run.phase'),
  ...base,
  phase: text,
  name: text.optional(),
  order: count,
  t_start: time,
  t_end: time,
  success: z.boolean(),
  error_code: text.optional(),
  error_message: text.optional(),
  metrics: json,
});

/**
 * A unit is done: everything found in its part of the job precedes this line. `first` and `last`
 * are positions in the job's order of targets.
 */
export const runUnit = z.object({
  type: z.literal('run.unit'),
  ...base,
  unit: count,
  first: count,
  last: count,
  status: z.enum(['completed', 'partial']),
  t_start: time,
  t_end: time,
  /** Numbers by name: `hosts`, `hosts_up`, `ports_open`, `probes_sent`, `probes_timed_out`, … */
  counts: z.record(z.string(), z.number()),
});

export const scanHost = z.object({
  type: z.literal('scan.host'),
  ...base,
  addr: address,
  state: z.enum(hostStates),
  reason: z.enum(reasons),
  hostname: text.optional(),
  mac: z.string().max(40).optional(),
  vendor: text.optional(),
  os_family: text.optional(),
  asn: count.optional(),
  org: text.optional(),
  /** Why this host's answers are suspect: `all-open` if almost every port answers. */
  suspect: z.string().max(40).optional(),
  not_shown: z.array(notShown).max(200).optional(),
  t: time,
});

export const scanPort = z.object({
  type: z.literal('scan.port'),
  ...base,
  ...endpoint,
  state: z.enum(portStates),
  reason: z.enum(reasons).optional(),
  service: z.union([service, text.transform((name) => ({ name }))]).optional(),
  t_first: time,
  t_last: time,
});

export const scanBanner = z.object({
  type: z.literal('scan.banner'),
  ...base,
  ...endpoint,
  protocol: text,
  banner: text,
  t: time,
});

/** A TLS port without HTTP; the handshake of HTTPS is in `web.endpoint`. */
export const scanTls = z.object({
  type: z.literal('scan.tls'),
  ...base,
  ...endpoint,
  tls,
  t: time,
});

export const webEndpoint = z.object({
  type: z.literal('web.endpoint'),
  ...base,
  ...endpoint,
  scheme: z.enum(['http', 'https']),
  authority: text,
  path: text,
  status: z.number().int().min(0).max(999),
  h2: z.union([z.literal(0), z.literal(1), z.boolean().transform((on) => (on ? 1 : 0))]),
  server_header: text.nullish(),
  content_type: text.nullish(),
  content_length: count.optional(),
  title: text.optional(),
  location: text.optional(),
  favicon_hash: faviconHash.nullish(),
  favicon_md5: z.string().max(32).optional(),
  tech_tags: z.array(text).max(500).optional(),
  tls: tls.optional(),
  t: time,
});

/**
 * A finding of a check, such as a vulnerability, about a port, a host, or just what `matched_at`
 * names. `source`, `rule`, `matcher`, `matched_at` and the place identify it.
 */
export const scanFinding = z.object({
  type: z.literal('scan.finding'),
  ...base,
  addr: address.optional(),
  transport: z.enum(transports).optional(),
  port: port.optional(),
  /** The program that ran the check: `nuclei`. */
  source: z.string().min(1).max(40),
  /** Its rule or template. */
  rule: text,
  matcher: text.optional(),
  name: text,
  severity: z.enum(severities),
  /** A URL, or `host:port`. */
  matched_at: text,
  description: text.optional(),
  cve: z.array(text).max(200).optional(),
  cwe: z.array(text).max(200).optional(),
  cvss: z.number().min(0).max(10).optional(),
  tags: z.array(text).max(500).optional(),
  /** Data extracted from the response. */
  extracted: z.array(text).max(1000).optional(),
  t: time,
});

/** Script output about a port or, without one, about the host. */
export const scanScript = z.object({
  type: z.literal('scan.script'),
  ...base,
  addr: address,
  transport: z.enum(transports).optional(),
  port: port.optional(),
  script: text,
  output: text,
  /** The same as data. */
  data: z.union([json, z.array(z.json())]).optional(),
  t: time,
});

/** Operating system guesses for a host, best match first. */
export const scanOs = z.object({
  type: z.literal('scan.os'),
  ...base,
  addr: address,
  matches: z.array(osMatch).min(1).max(200),
  t: time,
});

/** The route to a host: the hops that answered. */
export const scanTrace = z.object({
  type: z.literal('scan.trace'),
  ...base,
  addr: address,
  hops: z.array(hop).min(1).max(256),
  t: time,
});

export const resultSchema = z.object({
  type: z.literal('result.schema'),
  ...base,
  result_type: text,
  schema: json,
});

export const resultRecord = z.object({
  type: z.literal('result.record'),
  ...base,
  result_type: text,
  key: text,
  data: json,
  t: time,
});

export const runError = z.object({
  type: z.literal('run.error'),
  ...base,
  /** What failed: `port:192.0.2.10:tcp:443`, `port:[2001:db8::1]:tcp:443`, `line:17`, `run`. */
  scope: text,
  code: text,
  message: text,
  t: time,
});

export const runFinish = z.object({
  type: z.literal('run.finish'),
  ...base,
  t: time,
  status: z.enum(['completed', 'failed', 'cancelled', 'crashed', 'partial']),
  host_count: count,
  error_count: count,
  counts: z.record(z.string(), z.number()),
  error_message: text.optional(),
});

/** Any event. Types that are not listed here are counted and skipped by readers. */
export const scanEvent = z.discriminatedUnion('type', [
  runStart,
  runPhase,
  runUnit,
  scanHost,
  scanPort,
  scanBanner,
  scanTls,
  webEndpoint,
  scanFinding,
  scanScript,
  scanOs,
  scanTrace,
  resultSchema,
  resultRecord,
  runError,
  runFinish,
]);

export type RunStart = z.output<typeof runStart>;
export type RunPhase = z.output<typeof runPhase>;
export type RunUnit = z.output<typeof runUnit>;
export type ScanHost = z.output<typeof scanHost>;
export type ScanPort = z.output<typeof scanPort>;
export type ScanBanner = z.output<typeof scanBanner>;
export type ScanTls = z.output<typeof scanTls>;
export type WebEndpoint = z.output<typeof webEndpoint>;
export type ScanFinding = z.output<typeof scanFinding>;
export type ScanScript = z.output<typeof scanScript>;
export type ScanOs = z.output<typeof scanOs>;
export type ScanTrace = z.output<typeof scanTrace>;
export type RunError = z.output<typeof runError>;
export type RunFinish = z.output<typeof runFinish>;
export type ScanEvent = z.output<typeof scanEvent>;
export type Service = z.output<typeof service>;
export type Tls = z.output<typeof tls>;
export type NotShown = z.output<typeof notShown>;
