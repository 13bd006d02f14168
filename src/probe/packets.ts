/** The binary payloads of `probe-payloads.ts`, each from its protocol's specification. */

const uint16 = (value: number) => [value >> 8, value & 0xff];
const uint32 = (value: number) => [...uint16(value >>> 16), ...uint16(value & 0xffff)];
const ascii = (text: string) => [...Buffer.from(text, 'latin1')];

/**
 * A StartupMessage for protocol 255.255: any PostgreSQL answers with an ErrorResponse that names
 * the versions it speaks, before a user or database is asked for.
 */
export function postgresUnsupportedStartup(): Buffer {
  const body = [...uint16(255), ...uint16(255), ...ascii('user\0portolan\0\0')];
  return Buffer.from([...uint32(body.length + 4), ...body]);
}

/** `isMaster` in the old message (any version answers it), then `buildInfo` in OP_MSG. */
export function mongoVersion(): Buffer {
  const query = [
    ...int32le(0),
    ...ascii('admin.$cmd\0'),
    ...int32le(0),
    ...int32le(-1),
    ...bson([['isMaster', 1]]),
  ];
  const message = [
    ...int32le(0),
    0,
    ...bson([
      ['buildInfo', 1],
      ['$db', 'admin'],
    ]),
  ];
  return Buffer.from([...mongoMessage(1, 2004, query), ...mongoMessage(2, 2013, message)]);
}

function mongoMessage(id: number, opcode: number, body: readonly number[]): number[] {
  return [...int32le(body.length + 16), ...int32le(id), ...int32le(0), ...int32le(opcode), ...body];
}

function bson(fields: readonly (readonly [name: string, value: number | string])[]): number[] {
  const body = fields.flatMap(([name, value]) =>
    typeof value === 'number'
      ? [0x10, ...ascii(`${name}\0`), ...int32le(value)]
      : [0x02, ...ascii(`${name}\0`), ...int32le(value.length + 1), ...ascii(`${value}\0`)],
  );
  return [...int32le(body.length + 5), ...body, 0];
}

/** A BER element shorter than 128 bytes. */
function ber(tag: number, ...parts: number[][]): number[] {
  const body = parts.flat();
  return [tag, body.length, ...body];
}

function int32le(value: number): number[] {
  return uint32(value >>> 0).reverse();
}

/** CONNECT of MQTT 3.1.1, then SUBSCRIBE to the broker's own version topic. */
export function mqttConnect(): Buffer {
  const string = (value: string) => [...uint16(value.length), ...ascii(value)];
  const connect = [...string('MQTT'), 4, 2, ...uint16(10), ...string('portolan')];
  const subscribe = [...uint16(1), ...string('$SYS/broker/version'), 0];
  return Buffer.from([0x10, connect.length, ...connect, 0x82, subscribe.length, ...subscribe]);
}

/** An anonymous search of the root DSE (RFC 4512, 5.1), attributes all and operational. */
export function ldapRootDse(): Buffer {
  const attributes = ['*', '+', 'vendorName', 'vendorVersion'].map((name) => ber(4, ascii(name)));
  const search = ber(
    0x63,
    ber(4),
    ber(10, [0]),
    ber(10, [0]),
    ber(2, [0]),
    ber(2, [3]),
    ber(1, [0]),
    ber(0x87, ascii('objectClass')),
    ber(0x30, ...attributes),
  );
  return Buffer.from(ber(0x30, ber(2, [1]), search));
}

/** X.224 Connection Request with an RDP Negotiation Request for TLS and CredSSP (MS-RDPBCGR). */
export function rdpConnectionRequest(): Buffer {
  const negotiation = [1, 0, 8, 0, 3, 0, 0, 0];
  const request = [0xe0, 0, 0, 0, 0, 0, ...negotiation];
  return Buffer.from([3, 0, ...uint16(request.length + 5), request.length, ...request]);
}

/** SMB2 NEGOTIATE for dialects 2.0.2 to 3.0.2 (MS-SMB2 2.2.3). */
export function smb2Negotiate(): Buffer {
  const header = Buffer.alloc(64);
  header.write('\xfeSMB', 'latin1');
  header.writeUInt16LE(64, 4);
  header.writeUInt16LE(1, 14);
  const dialects = [0x0202, 0x0210, 0x0300, 0x0302];
  const body = Buffer.alloc(36 + dialects.length * 2);
  body.writeUInt16LE(36, 0);
  body.writeUInt16LE(dialects.length, 2);
  body.writeUInt16LE(1, 4);
  body.write('portolan-probe..', 12, 'latin1');
  dialects.forEach((dialect, index) => body.writeUInt16LE(dialect, 36 + index * 2));
  return Buffer.concat([Buffer.from(uint32(header.length + body.length)), header, body]);
}

/** TXT version.bind in class CHAOS, with the two length bytes of DNS over TCP. */
export function dnsVersionQuery(): Buffer {
  const name = [7, ...ascii('version'), 4, ...ascii('bind'), 0];
  const query = [0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 16, 0, 3];
  return Buffer.from([...uint16(query.length), ...query]);
}

/** ApiVersions, version 0: key 18, correlation id `port`. */
export function kafkaApiVersions(): Buffer {
  const body = [...uint16(18), ...uint16(0), ...ascii('port'), ...uint16(8), ...ascii('portolan')];
  return Buffer.from([...uint32(body.length), ...body]);
}

/** PRELOGIN of TDS 7 (MS-TDS 2.2.6.5): version and encryption. */
export function mssqlPrelogin(): Buffer {
  const options = [0, ...uint16(11), ...uint16(6), 1, ...uint16(17), ...uint16(1), 0xff];
  const body = [...options, 0, 0, 0, 0, 0, 0, 2];
  return Buffer.from([0x12, 1, ...uint16(body.length + 8), 0, 0, 0, 0, ...body]);
}

/** A NULL call of ONC RPC (RFC 5531) in one TCP fragment. */
export function rpcNullCall(program: number, version: number): Buffer {
  const words = [0x706f7274, 0, 2, program, version, 0, 0, 0, 0, 0];
  return Buffer.from([...uint32(0x80000000 + words.length * 4), ...words.flatMap(uint32)]);
}

/** P_CONTROL_HARD_RESET_CLIENT_V2 with the length of OpenVPN over TCP. */
export function openvpnReset(): Buffer {
  const packet = [0x38, ...ascii('portolan'), 0, 0, 0, 0, 0];
  return Buffer.from([...uint16(packet.length), ...packet]);
}
