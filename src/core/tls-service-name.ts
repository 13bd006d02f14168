/** Names of services through TLS (IANA, nmap), by the name of the plain service. */
const tlsNames: Readonly<Record<string, string>> = {
  http: 'https',
  'http-proxy': 'https-proxy',
  imap: 'imaps',
  pop3: 'pop3s',
  smtp: 'smtps',
  ftp: 'ftps',
  ldap: 'ldaps',
  amqp: 'amqps',
  mqtt: 'mqtts',
  irc: 'ircs',
  nntp: 'nntps',
  telnet: 'telnets',
  sip: 'sips',
  domain: 'domain-s',
  unknown: 'tls',
};
const alreadyTls = new Set(Object.values(tlsNames));

/**
 * The name of a service inside TLS, for scanned and imported ports: its TLS name if it has one,
 * otherwise `ssl/` and the plain name, as in nmap. A name that already implies TLS stays.
 *
 * @example tlsServiceName('imap') // 'imaps'
 * @example tlsServiceName('redis') // 'ssl/redis'
 */
export function tlsServiceName(name: string): string {
  if (Object.hasOwn(tlsNames, name)) return tlsNames[name] ?? name;
  return alreadyTls.has(name) || name.startsWith('ssl/') ? name : `ssl/${name}`;
}
