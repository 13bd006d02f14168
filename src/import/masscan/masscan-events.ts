import { isAddress } from '../../core/address.ts';
import { bannerText } from '../../core/banner-text.ts';
import type { ScanEvent } from '../../core/events.ts';
import { type Reason, reasons, type Transport, transports } from '../../core/states.ts';
import { asText, asWord } from '../json-object.ts';

/** Where and when masscan saw something. */
export interface MasscanPlace {
  readonly runId: string;
  readonly addr: unknown;
  readonly transport: unknown;
  readonly port: number | undefined;
  readonly t: number;
}

/**
 * The event for a masscan status, or the error in it. `icmp` and `arp` only mean that the host is
 * up; `sctp` has no table, hence no event.
 */
export function statusEvents(
  place: MasscanPlace,
  status: unknown,
  reason: unknown,
): ScanEvent[] | string {
  const { runId, addr, transport, port, t } = place;
  if (typeof addr !== 'string' || !isAddress(addr)) return `"${asText(addr)}" is not an address`;
  if (transport === 'icmp' || transport === 'arp' || status === 'up') {
    const how: Reason = transport === 'arp' ? 'arp-response' : 'echo-reply';
    return [{ type: 'scan.host', run_id: runId, addr, state: 'up', reason: how, t }];
  }
  if (transport !== 'tcp' && transport !== 'udp') return [];
  if (port === undefined) return 'it has no port';
  const state = status === 'open' || status === 'closed' ? status : 'unknown';
  const seen = { state, reason: reasonOf(reason, state === 'closed', transport) } as const;
  const at = { run_id: runId, addr, transport, port } as const;
  return [{ type: 'scan.port', ...at, ...seen, t_first: t, t_last: t }];
}

/** The event for a masscan banner, or the error in it; none without a port. */
export function bannerEvents(
  place: MasscanPlace,
  protocol: unknown,
  banner: unknown,
): ScanEvent[] | string {
  const { runId, addr, port, t } = place;
  if (typeof addr !== 'string' || !isAddress(addr)) return `"${asText(addr)}" is not an address`;
  const transport = asWord(transports, place.transport);
  if (!transport) return [];
  if (port === undefined) return 'it has no port';
  const said = {
    protocol: asText(protocol) ?? 'unknown',
    banner: masscanBanner(asText(banner) ?? ''),
  };
  return [{ type: 'scan.banner', run_id: runId, addr, transport, port, ...said, t }];
}

/** Lists and XML write unprintable characters and backslashes as `\x0d`. */
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

/** masscan lists the flags of the answer: `syn-ack`, `rst-ack`, `none` for UDP. */
function reasonOf(text: unknown, isClosed: boolean, transport: Transport): Reason {
  if (text === 'syn-ack' || text === 'rst-ack') return text;
  // Lists have no reasons, but the meaning is the same.
  if (text === undefined && transport === 'tcp') return isClosed ? 'rst-ack' : 'syn-ack';
  const known = asWord(reasons, text);
  if (known) return known;
  if (typeof text === 'string' && /syn.*ack/.test(text)) return 'syn-ack';
  if (typeof text === 'string' && text.includes('rst')) return 'reset';
  if (transport === 'udp') return isClosed ? 'port-unreach' : 'udp-response';
  return 'unknown';
}
