import type { Service } from '../core/events.ts';
import { servicesByPort } from './port-names.ts';

/** What a port most likely is by its number alone. */
export function guessByPort(port: number): Service {
  const name = servicesByPort.get(port);
  return name === undefined
    ? { name: 'unknown', confidence: 0, method: 'port' }
    : { name, confidence: 0.3, method: 'port' };
}

const namesInTls: Readonly<Record<string, string>> = {
  http: 'https',
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
};

/** The name of a service that is spoken through TLS. */
export function nameInTls(name: string): string {
  return Object.hasOwn(namesInTls, name) ? namesInTls[name]! : name;
}
