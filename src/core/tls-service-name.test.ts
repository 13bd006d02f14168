import { expect, test } from 'vitest';
import { tlsServiceName } from './tls-service-name.ts';

test('a service inside TLS has the name that it is registered under, else nmap’s', () => {
  expect(['http', 'imap', 'amqp', 'redis', 'unknown'].map(tlsServiceName)).toEqual([
    'https',
    'imaps',
    'amqps',
    'ssl/redis',
    'tls',
  ]);
});

test('a name that says TLS stays', () => {
  for (const name of ['https', 'domain-s', 'ssl/redis', 'tls']) {
    expect(tlsServiceName(name)).toBe(name);
  }
});
