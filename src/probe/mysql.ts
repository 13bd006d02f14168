/** What the first packet of a MySQL-like server tells. */
export interface MysqlGreeting {
  readonly kind: 'greeting' | 'error';
  /** The server's version text, or its error message. */
  readonly text: string;
}

const errorPacket = 0xff;

/**
 * Reads the initial handshake packet, version 9 or 10, or an error packet sent in its place
 * (MySQL internals, "Connection Phase").
 */
export function parseMysqlGreeting(bytes: Buffer): MysqlGreeting | undefined {
  if (bytes.length < 7) return undefined;
  const length = bytes.readUIntLE(0, 3);
  const first = bytes[4];
  if (bytes[3] !== 0 || length < 3 || length > 4096 || bytes.length < length + 4) return undefined;
  const packet = bytes.subarray(5, 4 + length);
  if (first === errorPacket) {
    const message = packet.toString('latin1', 2).replace(/^#.{5}/s, '');
    return isText(message) ? { kind: 'error', text: message } : undefined;
  }
  if (first !== 9 && first !== 10) return undefined;
  const end = packet.indexOf(0);
  const version = packet.toString('latin1', 0, end);
  return end > 0 && end < 128 && isText(version) ? { kind: 'greeting', text: version } : undefined;
}

function isText(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

/** The text that fingerprint rules match in place of a MySQL server's binary greeting. */
export function mysqlText(bytes: Buffer): string | undefined {
  const greeting = parseMysqlGreeting(bytes);
  return greeting && `mysql ${greeting.kind} ${greeting.text}`;
}
