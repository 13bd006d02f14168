import { isAddress } from '../core/address.ts';
import { bannerText } from '../core/banner-text.ts';
import type { ScanBanner, ScanHost, ScanPort } from '../core/events.ts';
import { type Reason, reasons, type Transport, transports } from '../core/states.ts';
import { asText, asWord } from './object.ts';

/** Where and when masscan saw something. */
export interface MasscanPlace {
  readonly runId: string;
  readonly addr: unknown;
  readonly transport: unknown;
  readonly port: unknown;
  readonly t: number;
}

/**
 * The event of a status that masscan saw; what is wrong with it, or nothing for protocols without
 * ports (`icmp`, `arp`: then the host is up; `sctp`: no table takes it).
 */
export function statusEvent(
  place: MasscanPlace,
  status: unknown,
  reason: unknown,
): ScanPort | ScanHost | string | undefined {
  const { runId, addr, transport, port, t } = place;
  if (typeof addr !== 'string' || !isAddress(addr)) return `"${asText(addr)}" is no address`;
  if (transport === 'icmp' || transport === 'arp' || status === 'up') {
    const how: Reason = transport === 'arp' ? 'arp-response' : 'echo-reply';
    return { type: 'scan.host', run_id: runId, addr, state: 'up', reason: how, t };
  }
  if (transport !== 'tcp' && transport !== 'udp') return undefined;
  if (!isPort(port)) return `"${asText(port)}" is no port`;
  const state = status === 'open' || status === 'closed' ? status : 'unknown';
  const why = reasonOf(reason, state === 'closed', transport);
  return {
    type: 'scan.port',
    run_id: runId,
    addr,
    transport,
    port,
    state,
    reason: why,
    t_first: t,
    t_last: t,
  };
}

/** The event of something that a port said to masscan; undefined where it stands for no port. */
export function bannerEvent(
  place: MasscanPlace,
  protocol: unknown,
  banner: unknown,
): ScanBanner | string | undefined {
  const { runId, addr, port, t } = place;
  if (typeof addr !== 'string' || !isAddress(addr)) return `"${asText(addr)}" is no address`;
  const transport = asWord(transports, place.transport);
  if (!transport) return undefined;
  if (!isPort(port)) return `"${asText(port)}" is no port`;
  const said = {
    protocol: asText(protocol) ?? 'unknown',
    banner: masscanBanner(asText(banner) ?? ''),
  };
  return { type: 'scan.banner', run_id: runId, addr, transport, port, ...said, t };
}

/** Lists and XML have `\x0d` for what is not printable, the backslash included. */
export function unmasked(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The text of a banner row: bytes are characters up to U+00FF to masscan. */
export function masscanBanner(text: string): string {
  const bytes = Buffer.from(text, isBytes(text) ? 'latin1' : 'utf8');
  return bannerText(bytes, bytes.length);
}

function isBytes(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false;
  return true;
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}

/** masscan lists the flags of the answer: `syn-ack`, `rst-ack`, `none` for UDP. */
function reasonOf(text: unknown, isClosed: boolean, transport: Transport): Reason {
  if (text === 'syn-ack' || text === 'rst-ack') return text;
  // Lists have no reasons, but what they mean is the same.
  if (text === undefined && transport === 'tcp') return isClosed ? 'rst-ack' : 'syn-ack';
  const known = asWord(reasons, text);
  if (known) return known;
  if (typeof text === 'string' && /syn.*ack/.test(text)) return 'syn-ack';
  if (typeof text === 'string' && text.includes('rst')) return 'reset';
  if (transport === 'udp') return isClosed ? 'port-unreach' : 'udp-response';
  return 'unknown';
}
