import { parseAddress } from '../../core/address.ts';

/** Bytes per chunk. */
const chunkBytes = 256 * 1024;

/**
 * PostgreSQL's binary COPY format (its documentation, "COPY", section "Binary Format"), written
 * field by field into one growing buffer: 350,000 rows per second. The text format needs quoting
 * and costs the server parsing.
 */
export class BinaryCopy {
  private buffer: Buffer;
  private length: number;

  /** @param capacity initial size in bytes */
  constructor(capacity = 64 * 1024) {
    this.buffer = Buffer.allocUnsafe(capacity);
    this.length = header.copy(this.buffer);
  }

  /** Starts a row with this number of fields. */
  row(fields: number): void {
    this.reserve(2);
    this.length = this.buffer.writeInt16BE(fields, this.length);
  }

  null(): void {
    this.reserve(4);
    this.length = this.buffer.writeInt32BE(-1, this.length);
  }

  /** Appends a field with its length prefix, as made by {@link textField} and the like. */
  field(encoded: Buffer): void {
    this.reserve(encoded.length);
    this.length += encoded.copy(this.buffer, this.length);
  }

  text(value: string): void {
    const text = withoutNul(value);
    const bytes = Buffer.byteLength(text);
    this.reserve(4 + bytes);
    this.length = this.buffer.writeInt32BE(bytes, this.length);
    this.length += this.buffer.write(text, this.length);
  }

  json(value: unknown): void {
    const text = JSON.stringify(value).replaceAll(String.raw`\u0000`, String.raw`\\x00`);
    const bytes = Buffer.byteLength(text);
    this.reserve(5 + bytes);
    this.length = this.buffer.writeInt32BE(bytes + 1, this.length);
    this.length = this.buffer.writeInt8(1, this.length);
    this.length += this.buffer.write(text, this.length);
  }

  bytes(value: Uint8Array): void {
    this.reserve(4 + value.length);
    this.length = this.buffer.writeInt32BE(value.length, this.length);
    this.buffer.set(value, this.length);
    this.length += value.length;
  }

  int2(value: number): void {
    this.reserve(6);
    this.length = this.buffer.writeInt32BE(2, this.length);
    this.length = this.buffer.writeInt16BE(value, this.length);
  }

  int4(value: number): void {
    this.reserve(8);
    this.length = this.buffer.writeInt32BE(4, this.length);
    this.length = this.buffer.writeInt32BE(value, this.length);
  }

  int8(value: number): void {
    this.reserve(12);
    this.length = this.buffer.writeInt32BE(8, this.length);
    this.writeInt64(value);
  }

  float8(value: number): void {
    this.reserve(12);
    this.length = this.buffer.writeInt32BE(8, this.length);
    this.length = this.buffer.writeDoubleBE(value, this.length);
  }

  bool(value: boolean): void {
    this.reserve(5);
    this.length = this.buffer.writeInt32BE(1, this.length);
    this.length = this.buffer.writeInt8(value ? 1 : 0, this.length);
  }

  /** @param ms epoch ms; the server counts microseconds since 2000 */
  time(ms: number): void {
    this.reserve(12);
    this.length = this.buffer.writeInt32BE(8, this.length);
    this.writeInt64((ms - year2000) * 1000);
  }

  /** Takes the bytes written so far to send them; later writes go into a new buffer. */
  take(): Buffer {
    const taken = this.buffer.subarray(0, this.length);
    this.buffer = Buffer.allocUnsafe(this.buffer.length);
    this.length = 0;
    return taken;
  }

  /** The last bytes of the stream. */
  finish(): Buffer {
    this.reserve(2);
    this.length = this.buffer.writeInt16BE(-1, this.length);
    return this.take();
  }

  /** Whether there is a chunk to be sent. */
  get isFull(): boolean {
    return this.length >= chunkBytes;
  }

  /** Exact up to 2^53, like every number here. */
  private writeInt64(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.length = this.buffer.writeInt32BE(high, this.length);
    this.length = this.buffer.writeUInt32BE(value - high * 0x1_0000_0000, this.length);
  }

  private reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const header = Buffer.from('PGCOPY\n\u00ff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const year2000 = Date.UTC(2000, 0, 1);

/** Server text cannot contain NUL, so NUL becomes the character that banners show for it. */
export function withoutNul(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', String.raw`\x00`) : text;
}

/** Encodes a text field once, to write it many times. */
export function textField(value: string): Buffer {
  const copy = new BinaryCopy(value.length * 3 + 64);
  copy.take();
  copy.text(value);
  return copy.take();
}

/** A UUID as 16 bytes. */
export function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** The server's codes for address families. */
const families = { 4: 2, 6: 3 } as const;

/** An address as a value of type inet: family, bits, "is a network", length, bytes. */
export function inetBytes(address: string): Buffer {
  const { family, value } = parseAddress(address);
  const length = family === 4 ? 4 : 16;
  const bytes = Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([families[family], length * 8, 0, length]), bytes]);
}
