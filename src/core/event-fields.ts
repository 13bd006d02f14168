import { z } from 'zod';
import { latestTime, longestText } from './event-limits.ts';
import { recordOf } from './record-of.ts';
import { serviceDetails } from './service-details.ts';
import { portStates, reasons, transports } from './states.ts';

export const time = z.number().int().min(0).max(latestTime);
export const port = z.number().int().min(0).max(65_535);
export const count = z.number().int().min(0);
export const address = z.union([z.ipv4(), z.ipv6()]);
export const text = z.string().max(longestText);
export const json = z.record(z.string(), z.json());
export const base = { run_id: z.string().min(1).max(200) };
export const endpoint = { addr: address, transport: z.enum(transports), port };

/** How many ports of a host were in a state that is not stored per port. */
export const notShown = z.object({
  transport: z.enum(transports),
  state: z.enum(portStates),
  reason: z.enum(reasons),
  count,
});

/** A service on a port, with a confidence (0 … 1) and the method of identification. */
export const service = z.object({
  name: text,
  ...recordOf(serviceDetails, () => text.optional()),
  confidence: z.number().min(0).max(1).optional(),
  /** `port`: guessed from the number; `banner`, `http`, `tls`: matched what the port sent. */
  method: z.string().max(40).optional(),
});

/** A TLS handshake. `chain` has PEM texts, the server's certificate first. */
export const tls = z.object({
  version: text.optional(),
  cipher: text.optional(),
  alpn: text.optional(),
  server_name: text.optional(),
  ja3: text.optional(),
  ja3s: text.optional(),
  chain: z.array(text).max(20).optional(),
});

/** Favicon hash: MurmurHash3 as signed decimal, or the V1 form `mmh3:0x1a2b3c`. */
export const faviconHash = z.union([
  z.number().int().min(-2_147_483_648).max(4_294_967_295),
  z
    .string()
    .regex(/^mmh3:0x[0-9a-f]{1,8}$/i)
    .transform((form) => Number.parseInt(form.slice(7), 16) | 0),
]);

export const osMatch = z.object({
  name: text,
  /** 0 … 1. */
  accuracy: z.number().min(0).max(1),
  family: text.optional(),
  vendor: text.optional(),
  generation: text.optional(),
  device_type: text.optional(),
  /** One, or several separated by spaces. */
  cpe: text.optional(),
});

export const hop = z.object({
  ttl: z.number().int().min(0).max(255),
  addr: address,
  rtt_ms: z.number().min(0).optional(),
  hostname: text.optional(),
});
