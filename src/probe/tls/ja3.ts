import { createHash } from 'node:crypto';

/** Largest handshake message that is put together from records; a ClientHello is about 500 bytes. */
const maxHelloBytes = 16_384;
const handshakeRecord = 22;

const extensionTypes = { curves: 10, pointFormats: 11 } as const;

/** The parts of a ClientHello that JA3 reads, in wire order. */
export interface ClientHello {
  readonly version: number;
  readonly ciphers: readonly number[];
  readonly extensions: readonly number[];
  readonly curves: readonly number[];
  readonly pointFormats: readonly number[];
}

/** The parts of a ServerHello that JA3S reads, in wire order. */
export interface ServerHello {
  readonly version: number;
  readonly cipher: number;
  readonly extensions: readonly number[];
}

/** Reads big-endian fields. A length that lies runs past the end, which throws a RangeError. */
class FieldReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  number(size: 1 | 2 | 3): number {
    let value = 0;
    for (const byte of this.take(size)) value = value * 256 + byte;
    return value;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new RangeError('a field is longer than its message');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A vector: its length in `size` bytes, then its bytes. */
  vector(size: 1 | 2 | 3): FieldReader {
    return new FieldReader(this.take(this.number(size)));
  }

  numbers(size: 1 | 2): number[] {
    const numbers: number[] = [];
    while (this.left >= size) numbers.push(this.number(size));
    return numbers;
  }
}

/** The ClientHello at the start of a TLS stream (RFC 8446, 4.1.2), or undefined. */
export function parseClientHello(stream: Uint8Array): ClientHello | undefined {
  return parseHello(stream, 1, (body) => {
    const version = body.number(2);
    body.take(32);
    body.vector(1);
    const ciphers = body.vector(2).numbers(2);
    body.vector(1);
    const found = readExtensions(body);
    const list = (type: number) => found.find(([one]) => one === type)?.[1] ?? new Uint8Array();
    return {
      version,
      ciphers,
      extensions: found.map(([type]) => type),
      curves: listed(list(extensionTypes.curves), 2),
      pointFormats: listed(list(extensionTypes.pointFormats), 1),
    };
  });
}

/** The ServerHello at the start of a TLS stream (RFC 8446, 4.1.3), or undefined. */
export function parseServerHello(stream: Uint8Array): ServerHello | undefined {
  return parseHello(stream, 2, (body) => {
    const version = body.number(2);
    body.take(32);
    body.vector(1);
    const cipher = body.number(2);
    body.take(1);
    return { version, cipher, extensions: readExtensions(body).map(([type]) => type) };
  });
}

/**
 * The JA3 text: `Version,Ciphers,Extensions,Curves,PointFormats`, without GREASE values (RFC 8701).
 * Method: Althouse, Atkinson and Atkins, 2017.
 */
export function ja3Text(hello: ClientHello): string {
  const lists = [hello.ciphers, hello.extensions, hello.curves, hello.pointFormats];
  const parts = lists.map((list) => list.filter((value) => !isGrease(value)).join('-'));
  return [hello.version, ...parts].join(',');
}

/** The JA3S text: `Version,Cipher,Extensions`. */
export function ja3sText({ version, cipher, extensions }: ServerHello): string {
  return `${version},${cipher},${extensions.join('-')}`;
}

/** The fingerprint of a JA3 or JA3S text: its MD5 in hexadecimal. */
export function ja3Hash(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

function parseHello<T>(
  stream: Uint8Array,
  type: number,
  read: (body: FieldReader) => T,
): T | undefined {
  try {
    const message = new FieldReader(firstHandshakeBytes(stream));
    if (message.number(1) !== type) return undefined;
    return read(message.vector(3));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The payloads of the leading handshake records, joined: a hello may be cut into several. */
function firstHandshakeBytes(stream: Uint8Array): Uint8Array {
  const records = new FieldReader(stream);
  const parts: Uint8Array[] = [];
  let length = 0;
  while (records.left >= 5 && length < maxHelloBytes) {
    if (records.number(1) !== handshakeRecord) break;
    records.take(2);
    // The last record may still be on its way: what is there of it may hold the whole hello.
    const size = records.number(2);
    const part = records.take(Math.min(size, records.left));
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts);
}

function readExtensions(body: FieldReader): [type: number, data: Uint8Array][] {
  if (body.left === 0) return [];
  const block = body.vector(2);
  const found: [number, Uint8Array][] = [];
  while (block.left > 0) {
    const type = block.number(2);
    found.push([type, block.take(block.number(2))]);
  }
  return found;
}

/** A list inside an extension: its own length, then its values. */
function listed(data: Uint8Array, size: 1 | 2): number[] {
  if (data.length === 0) return [];
  return new FieldReader(data).vector(size === 1 ? 1 : 2).numbers(size);
}
