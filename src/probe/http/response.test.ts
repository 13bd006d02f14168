import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultProbeLimits } from '../limits.ts';
import { parseHead, responseReader } from './response.ts';
import type { Ending } from '../wire.ts';

const limits = { ...defaultProbeLimits, maxBodyBytes: 1000, maxHeadBytes: 2000 };

/** Feeds a text in pieces until the reader has enough. */
function read(text: string, options: { size?: number; ending?: Ending } = {}) {
  const { size = text.length || 1, ending = 'closed' } = options;
  const bytes = Buffer.from(text, 'latin1');
  const reader = responseReader(limits);
  for (let at = 0; at < bytes.length; at += size) {
    if (reader.take(bytes.subarray(at, at + size)) === 'done') {
      return { response: reader.response('done'), rest: bytes.length - at - size };
    }
  }
  return { response: reader.response(ending), rest: 0 };
}

describe('a response', () => {
  test('is complete at its stated length', () => {
    const { response } = read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    expect(response).toMatchObject({ status: 200, isHttp2: false, problem: undefined });
    expect(response?.body.toString()).toBe('hello');
  });

  test('with a wrong length is incomplete, and what arrived is kept', () => {
    const { response } = read('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello');
    expect(response?.problem).toBe('BODY_INCOMPLETE');
    expect(response?.body.toString()).toBe('hello');
    expect(
      read('HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello').response?.problem,
    ).toBeUndefined();
  });

  test('without a length ends with the connection, and is cut at the limit', () => {
    expect(read('HTTP/1.0 200 OK\r\n\r\nhello').response?.problem).toBeUndefined();
    expect(read('HTTP/1.0 200 OK\r\n\r\nhello', { ending: 'timeout' }).response?.problem).toBe(
      'BODY_INCOMPLETE',
    );
    const long = read(`HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(5000)}`, { size: 100 });
    expect(long.response?.problem).toBe('BODY_TOO_LARGE');
    expect(long.response?.body).toHaveLength(1000);
    expect(long.rest).toBeGreaterThan(3000);
  });

  test('in chunks is joined, whatever the pieces in which it arrives', () => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n06\r\n world\r\n0\r\n\r\n';
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length }), (size) => {
        const { response } = read(text, { size });
        expect(response?.body.toString()).toBe('hello world');
        expect(response?.problem).toBeUndefined();
      }),
    );
  });

  test('in chunks whose sizes are nonsense is a parse fault', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(read(`${head}zz\r\nhello`).response?.problem).toBe('PARSE_CHUNK');
    expect(read(`${head}${'1'.repeat(5000)}`).response?.problem).toBe('PARSE_CHUNK');
    expect(read(`${head}ffffffffff\r\n${'x'.repeat(5000)}`).response?.problem).toBe(
      'BODY_TOO_LARGE',
    );
    expect(read(`${head}5\r\nhel`).response?.problem).toBe('BODY_INCOMPLETE');
  });

  test('after interim responses is the one that counts', () => {
    const { response } = read(
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n',
    );
    expect(response?.status).toBe(204);
  });

  test('with endless headers is given up at the limit', () => {
    const { response, rest } = read(`HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(2000)}`, {
      size: 50,
    });
    expect(response).toBeUndefined();
    expect(rest).toBeGreaterThan(10_000);
  });
});

test('heads are read leniently', () => {
  const head = parseHead(Buffer.from('HTTP/1.0 404\nServer:  a \n folded\nbroken line\nX-Y:z\n'));
  expect(head).toMatchObject({
    status: 404,
    headers: [
      ['server', 'a folded'],
      ['x-y', 'z'],
    ],
  });
  expect(parseHead(Buffer.from('HTTP/1.1 abc\r\n'))).toBeUndefined();
});

test('no bytes in any pieces make the reader throw or keep more than its limits', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      '\r\n',
      '\n\n',
      'Transfer-Encoding: chunked\r\n',
      'Content-Length: 9\r\n',
      '5\r\n',
      '0\r\n',
      'HTTP/1.1 100 C\r\n\r\n',
    ),
    fc.string({ maxLength: 40 }),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 60 }),
      fc.integer({ min: 1, max: 50 }),
      (parts, size) => {
        const { response } = read(parts.join(''), { size });
        expect(response === undefined || response.body.length <= limits.maxBodyBytes).toBe(true);
      },
    ),
  );
});
