import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerText } from './answer-text.ts';
import { parseMysqlGreeting } from './mysql.ts';

function packet(payload: string): Buffer {
  const bytes = Buffer.from(payload, 'latin1');
  return Buffer.concat([Buffer.from([bytes.length, 0, 0, 0]), bytes]);
}

test('the initial handshake tells its version', () => {
  expect(parseMysqlGreeting(packet('\x0a8.0.36\0\x01\0\0\0abcdefgh\0'))).toEqual({
    kind: 'greeting',
    text: '8.0.36',
  });
});

test('an error in place of a handshake tells its message, with or without a state', () => {
  const text = "Host 'a' is not allowed to connect to this MariaDB server";
  expect(parseMysqlGreeting(packet(`\xff\x6a\x04${text}`))).toEqual({ kind: 'error', text });
  expect(parseMysqlGreeting(packet(`\xff\x6a\x04#HY000${text}`))).toEqual({ kind: 'error', text });
});

test('wrong lengths and other protocols are not handshakes', () => {
  expect(parseMysqlGreeting(packet('\x0a8.0.36\0').subarray(0, 8))).toBeUndefined();
  expect(parseMysqlGreeting(Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'))).toBeUndefined();
  expect(parseMysqlGreeting(packet('\x0anever ends'))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const greeting = parseMysqlGreeting(Buffer.from(bytes));
      expect(greeting === undefined || greeting.text.length > 0).toBe(true);
      answerText(Buffer.from(bytes));
    }),
  );
});

test('a PRELOGIN response of SQL Server becomes its version in words', () => {
  const response = [
    4, 1, 0, 25, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 0x07, 0xd0, 0, 0, 2,
  ];
  expect(answerText(Buffer.from(response))).toBe('mssql 15.0.2000');
});
