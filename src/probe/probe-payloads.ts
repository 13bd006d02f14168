import {
  dnsVersionQuery,
  kafkaApiVersions,
  ldapRootDse,
  mongoVersion,
  mqttConnect,
  mssqlPrelogin,
  openvpnReset,
  postgresUnsupportedStartup,
  rdpConnectionRequest,
  rpcNullCall,
  smb2Negotiate,
} from './packets.ts';

/** What is sent to a server that does not speak first. */
export interface ProbePayload {
  /** The service that answers it, as fingerprint rules name it. */
  readonly name: string;
  /** Ports where it is sent before anything else. */
  readonly ports: readonly number[];
  /** Sent to every silent port, in the order of this list. */
  readonly isGeneral?: true;
  readonly payload: (name: string) => Buffer;
}

const text = (payload: string) => () => Buffer.from(payload, 'latin1');

/** Written from each protocol's specification. None logs in or changes anything. */
const probePayloads: readonly ProbePayload[] = [
  {
    name: 'redis',
    ports: [6379, 6380, 6381, 7000, 7001, 16379, 26379],
    isGeneral: true,
    payload: text('PING\r\nINFO server\r\n'),
  },
  { name: 'memcached', ports: [11211, 11210, 11212], payload: text('version\r\n') },
  {
    name: 'postgresql',
    ports: [5432, 5433, 5434, 5439, 6432],
    isGeneral: true,
    payload: () => postgresUnsupportedStartup(),
  },
  { name: 'mongodb', ports: [27017, 27018, 27019, 28017], payload: () => mongoVersion() },
  { name: 'amqp', ports: [5672, 5671], payload: text('AMQP\0\0\x09\x01') },
  { name: 'mqtt', ports: [1883, 8883], payload: () => mqttConnect() },
  { name: 'ldap', ports: [389, 636, 3268, 3269, 10389], payload: () => ldapRootDse() },
  { name: 'ms-wbt-server', ports: [3389, 3388, 3390], payload: () => rdpConnectionRequest() },
  { name: 'microsoft-ds', ports: [445, 139], payload: () => smb2Negotiate() },
  { name: 'domain', ports: [53, 853, 5353], payload: () => dnsVersionQuery() },
  {
    name: 'rtsp',
    ports: [554, 8554, 5554, 10554],
    payload: text('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'),
  },
  {
    name: 'sip',
    ports: [5060, 5061, 5080],
    payload: (host) =>
      Buffer.from(
        `OPTIONS sip:${host} SIP/2.0\r\nVia: SIP/2.0/TCP ${host};branch=z9hG4bKportolan;rport\r\n` +
          `Max-Forwards: 70\r\nTo: <sip:${host}>\r\nFrom: <sip:portolan@${host}>;tag=1\r\n` +
          'Call-ID: portolan\r\nCSeq: 1 OPTIONS\r\nContact: <sip:portolan@invalid>\r\n' +
          'Accept: application/sdp\r\nContent-Length: 0\r\n\r\n',
      ),
  },
  { name: 'zookeeper', ports: [2181, 2182, 2183], payload: text('srvr') },
  { name: 'kafka', ports: [9092, 9093, 9094], payload: () => kafkaApiVersions() },
  { name: 'cassandra', ports: [9042, 9142], payload: text('\x04\0\0\0\x05\0\0\0\0') },
  { name: 'ms-sql-s', ports: [1433, 1434, 2433], payload: () => mssqlPrelogin() },
  { name: 'sunrpc', ports: [111], payload: () => rpcNullCall(100_000, 2) },
  { name: 'nfs', ports: [2049], payload: () => rpcNullCall(100_003, 3) },
  { name: 'openvpn', ports: [1194, 943], payload: () => openvpnReset() },
  { name: 'socks5', ports: [1080, 1081, 9050, 9150], payload: text('\x05\x01\0') },
  { name: 'git', ports: [9418], payload: text('0022git-upload-pack /\0host=invalid\0') },
  {
    name: 'xmpp-client',
    ports: [5222, 5223, 5269],
    payload: (host) =>
      Buffer.from(
        `<?xml version='1.0'?><stream:stream to='${host}' xmlns='jabber:client' ` +
          "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
      ),
  },
  { name: 'irc', ports: [6667, 6668, 6669, 6697], payload: text('VERSION\r\n') },
  { name: 'finger', ports: [79], payload: text('\r\n') },
  { name: 'ident', ports: [113], payload: text('1, 1\r\n') },
  { name: 'generic', ports: [], isGeneral: true, payload: text('\r\n\r\n') },
];

/** The payloads for the services that usually live on a port. */
export function payloadsForPort(port: number): ProbePayload[] {
  return probePayloads.filter(({ ports }) => ports.includes(port));
}

/** What any silent port is sent, after its own payloads, HTTP and TLS. */
export function generalPayloads(port: number): ProbePayload[] {
  return probePayloads.filter(({ ports, isGeneral }) => isGeneral && !ports.includes(port));
}

/** The payload that a service answers. */
export function payloadOf(service: string): ProbePayload | undefined {
  return probePayloads.find(({ name }) => name === service);
}

/** Ports of web servers, probed with HTTP at once. */
export const httpPorts: ReadonlySet<number> = new Set([
  80, 81, 82, 88, 591, 631, 2375, 2379, 3000, 3001, 3128, 4200, 5000, 5001, 5173, 5601, 7080, 7474,
  8000, 8001, 8008, 8010, 8020, 8060, 8069, 8080, 8081, 8082, 8084, 8085, 8086, 8088, 8089, 8090,
  8091, 8096, 8123, 8161, 8181, 8200, 8280, 8384, 8500, 8529, 8800, 8880, 8888, 8983, 9000, 9001,
  9080, 9090, 9091, 9095, 9200, 9999, 10000, 15672, 32400, 50000, 50070,
]);

/** Ports that begin with TLS. */
export const tlsPorts: ReadonlySet<number> = new Set([
  443, 444, 465, 563, 636, 832, 853, 989, 990, 992, 993, 994, 995, 1443, 2376, 2443, 3269, 3443,
  4433, 4443, 5061, 5223, 5349, 5443, 5671, 5986, 6443, 6514, 6697, 7443, 8083, 8443, 8883, 9093,
  9443, 10250, 10443, 12443, 15671, 18443,
]);

/** TLS ports whose servers speak first. */
export const greetingTlsPorts: ReadonlySet<number> = new Set([
  465, 563, 989, 990, 992, 993, 994, 995, 6697,
]);
