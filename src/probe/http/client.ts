import type { Tls } from '../../core/events.ts';
import { hostPort } from '../../core/scope.ts';
import { messageOf } from '../../errors.ts';
import type { HttpResponse } from './message.ts';
import { responseReader } from './response.ts';
import type { PortSession } from '../session.ts';
import { userAgent } from './user-agent.ts';
import type { Ending, Wire } from '../wire.ts';

/** A web server on this port, that answers in HTTP/1.1 or HTTP/2, plain or through TLS. */
export interface Site {
  readonly scheme: 'http' | 'https';
  readonly tls?: Tls | undefined;
  /** The response to a GET; undefined where there is none, which is then a fault. */
  readonly get: (url: URL) => Promise<HttpResponse | undefined>;
}

/** The URL of this port's first page: by name where one is known. */
export function rootUrl(session: PortSession, scheme: Site['scheme']): URL {
  const { addr, port, hostname } = session.target;
  const byName = URL.parse(`${scheme}://${hostname ?? ''}:${port}/`);
  return byName ?? new URL(`${scheme}://${hostPort(addr, port)}/`);
}

/** The answer to a request in HTTP/1.1, whatever it was. */
export interface Http1Answer {
  readonly response: HttpResponse | undefined;
  readonly raw: Buffer;
  readonly ending: Ending;
}

/** Sends a GET in HTTP/1.1 and reads the answer; the connection cannot be used again. */
export async function requestHttp1(
  session: PortSession,
  wire: Wire,
  url: URL,
): Promise<Http1Answer> {
  const reader = responseReader(session.limits);
  wire.send(
    `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
      `User-Agent: ${userAgent()}\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
  );
  const ending = await session.receive(wire, (chunk) => reader.take(chunk));
  wire.close();
  return { response: reader.response(ending), raw: reader.raw(), ending };
}

/** A site in HTTP/1.1: every request has its own connection. */
export function http1Site(
  session: PortSession,
  dial: () => Promise<{ wire: Wire; tls?: Tls | undefined } | undefined>,
  first: Pick<Site, 'scheme' | 'tls'>,
): Site {
  return {
    ...first,
    async get(url) {
      const connection = await dial();
      if (!connection) return undefined;
      const answer = await requestHttp1(session, connection.wire, url);
      if (!answer.response) faultOf(session, answer, connection.wire, url);
      return answer.response;
    },
  };
}

function faultOf(session: PortSession, answer: Http1Answer, wire: Wire, url: URL): void {
  const doing = `GET ${url.href}`;
  if (session.target.signal.aborted) return;
  if (wire.error) session.failed(wire.error, doing);
  else if (answer.ending === 'timeout' || answer.ending === 'aborted') {
    session.fault('ETIMEDOUT', `${doing}: no complete answer in time`);
  } else session.fault('PARSE_HTTP', `${doing}: the answer is not a complete HTTP response`);
}

/** Records what was wrong with a response's body as a fault. */
export function noteBody(session: PortSession, url: URL, response: HttpResponse): void {
  const read = response.body.length;
  const messages = {
    BODY_TOO_LARGE: `GET ${url.href}: the body was read up to ${read} bytes`,
    BODY_INCOMPLETE: `GET ${url.href}: the body ended or stalled after ${read} bytes`,
    PARSE_CHUNK: `GET ${url.href}: the body's chunks cannot be read after ${read} bytes`,
  };
  if (response.problem) session.fault(response.problem, messages[response.problem]);
}

/** The body without its content encoding; as it is where that is unknown or broken. */
export async function decodedBody(session: PortSession, response: HttpResponse): Promise<Buffer> {
  const encoding = response.headers.find(([name]) => name === 'content-encoding')?.[1];
  if (encoding === undefined || !/^(x-)?gzip$|^deflate$|^br$/i.test(encoding)) {
    return response.body;
  }
  const zlib = await import('node:zlib');
  const maxOutputLength = session.limits.maxBodyBytes;
  try {
    return encoding.toLowerCase() === 'br'
      ? zlib.brotliDecompressSync(response.body, { maxOutputLength })
      : zlib.unzipSync(response.body, {
          maxOutputLength,
          finishFlush: zlib.constants.Z_SYNC_FLUSH,
        });
  } catch (error) {
    session.fault('PARSE_ENCODING', `a body in ${encoding} cannot be read: ${messageOf(error)}`);
    return Buffer.alloc(0);
  }
}
