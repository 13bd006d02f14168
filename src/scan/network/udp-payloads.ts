/**
 * The datagram for a UDP port, which the service that usually listens there answers. Each is the
 * smallest valid request of its protocol, written from the document named beside it; none changes
 * anything at the other end. Other ports get an empty datagram.
 */

/** RFC 1035: a query for the name servers of the root, recursion desired. */
const dns = '1d1f 0100 0001 0000 0000 0000 00 0002 0001';
/** RFC 5905: version 4, mode 3 (client), everything else 0. */
const ntp = `23${'00'.repeat(47)}`;
/** RFC 1157: GetRequest for sysDescr.0 (1.3.6.1.2.1.1.1.0), version 1, community "public". */
const snmp =
  '3026 020100 0406 7075626c6963 a019 02011d 020100 020100 300e 300c 06082b06010201010100 0500';
/** RFC 1002, 4.2.17: node status request for the name "*". */
const netbios = `1d1f 0000 0001 0000 0000 0000 20 434b${'41'.repeat(30)} 00 0021 0001`;
/** RFC 6763, 9: a multicast DNS query for the list of services, answered by unicast. */
const mdns = `1d1f 0000 0001 0000 0000 0000 ${hexLabels('_services._dns-sd._udp.local')} 000c 8001`;
/** RFC 5531: a call of procedure 0 (NULL) of the port mapper (program 100000), version 2. */
const rpc = `1d1f1d1f 00000000 00000002 000186a0 00000002 00000000 ${'00'.repeat(16)}`;
/** RFC 1350: a read request; an error message is an answer too. */
const tftp = `0001 ${hexText('portolan')} 00 ${hexText('octet')} 00`;
/** RFC 8489: a binding request without attributes. */
const stun = '0001 0000 2112a442 1d1f1d1f1d1f1d1f1d1f1d1f';
/** UPnP Device Architecture 1.1, 1.3.2: a search for root devices. */
const ssdp = hexText(
  'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n',
);
/** RFC 3261, 11: OPTIONS asks what a SIP server can do. */
const sip = hexText(
  'OPTIONS sip:portolan SIP/2.0\r\nVia: SIP/2.0/UDP portolan;branch=z9hG4bK1d1f;rport\r\n' +
    'Max-Forwards: 70\r\nTo: <sip:portolan>\r\nFrom: <sip:portolan>;tag=1d1f\r\nCall-ID: 1d1f\r\n' +
    'CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n',
);
/** memcached's protocol.txt, "UDP protocol": one datagram with a `version` command. */
const memcached = `1d1f 0000 0001 0000 ${hexText('version\r\n')}`;

const requests: ReadonlyMap<number, string> = new Map([
  [53, dns],
  [69, tftp],
  [111, rpc],
  [123, ntp],
  [137, netbios],
  [161, snmp],
  [1900, ssdp],
  [3478, stun],
  [5060, sip],
  [5353, mdns],
  [11211, memcached],
]);

/** The datagram for a port. */
export function udpPayload(port: number): Buffer {
  return Buffer.from((requests.get(port) ?? '').replaceAll(' ', ''), 'hex');
}

function hexText(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** A domain name in the form of RFC 1035, 3.1. */
function hexLabels(name: string): string {
  const labels = name
    .split('.')
    .map((label) => label.length.toString(16).padStart(2, '0') + hexText(label));
  return `${labels.join('')}00`;
}
