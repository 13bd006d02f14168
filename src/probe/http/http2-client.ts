import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import type { Tls } from '../../core/events.ts';
import { hostPort } from '../../core/scope.ts';
import { byteStore } from '../byte-store.ts';
import type { Site } from './client.ts';
import type { BodyProblem, HttpResponse } from './message.ts';
import type { PortSession } from '../session.ts';
import { userAgent } from './user-agent.ts';
import type { Wire } from '../wire.ts';

/** A site in HTTP/2 on one connection, through TLS or with prior knowledge. */
export async function http2Site(
  session: PortSession,
  wire: Wire,
  tls: Tls | undefined,
): Promise<Site> {
  const http2 = await import('node:http2');
  const scheme = tls ? 'https' : 'http';
  const { addr, port } = session.target;
  const client = http2.connect(`${scheme}://${hostPort(addr, port)}`, {
    createConnection: () => wire.stream,
    maxSessionMemory: 4,
    settings: { enablePush: false },
  });
  // Every stream reports the session's errors too.
  client.on('error', () => {});
  session.atEnd(() => client.destroy());
  return { scheme, tls, get: (url) => get(session, client, url) };
}

/** Whether bytes begin with a SETTINGS or GOAWAY frame on stream 0 (RFC 9113, 4.1). */
export function beginsAsHttp2(bytes: Buffer): boolean {
  if (bytes.length < 9) return false;
  const type = bytes[3];
  const length = bytes.readUIntBE(0, 3);
  const isPlausible = type === 4 ? length % 6 === 0 && length < 600 : type === 7 && length < 16_384;
  return isPlausible && (bytes.readUInt32BE(5) & 0x7fffffff) === 0;
}

async function get(
  session: PortSession,
  client: ClientHttp2Session,
  url: URL,
): Promise<HttpResponse | undefined> {
  const { promise, resolve } = Promise.withResolvers<BodyProblem | 'timeout' | Error | undefined>();
  const store = byteStore(session.limits.maxBodyBytes);
  let headers: IncomingHttpHeaders | undefined;
  const limit = session.stepSignal();
  limit.addEventListener('abort', () => resolve('timeout'), { once: true });
  try {
    const stream = client.request(
      {
        ':method': 'GET',
        ':scheme': url.protocol.slice(0, -1),
        ':authority': url.host,
        ':path': `${url.pathname}${url.search}`,
        'user-agent': userAgent(),
        accept: '*/*',
      },
      { endStream: true },
    );
    stream.on('response', (received) => (headers = received));
    stream.on('data', (chunk: Buffer) => {
      if (!store.add(chunk)) resolve('BODY_TOO_LARGE');
    });
    stream.on('end', () => resolve(undefined));
    stream.on('error', resolve);
    stream.on('close', () => resolve(headers ? undefined : new Error('the stream was closed')));
    const problem = await promise;
    if (!stream.closed) stream.close(8);
    return responseOf(session, { url, headers, body: store.bytes(), problem });
  } catch (error) {
    session.failed(error, `GET ${url.href} in HTTP/2`);
    return undefined;
  }
}

interface Received {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders | undefined;
  readonly body: Buffer;
  readonly problem: BodyProblem | 'timeout' | Error | undefined;
}

function responseOf(session: PortSession, received: Received): HttpResponse | undefined {
  const { headers, body, problem, url } = received;
  if (!headers) {
    if (session.target.signal.aborted) return undefined;
    if (problem instanceof Error) session.failed(problem, `GET ${url.href} in HTTP/2`);
    else session.fault('ETIMEDOUT', `GET ${url.href} in HTTP/2: no answer in time`);
    return undefined;
  }
  const pairs = Object.entries(headers)
    .filter(([name]) => !name.startsWith(':'))
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value ?? '']).map((one): [string, string] => [name, one]),
    );
  const status = Number(headers[':status'] ?? 0);
  return {
    isHttp2: true,
    status,
    headers: pairs,
    head: [`HTTP/2 ${status}`, ...pairs.map(([name, value]) => `${name}: ${value}`)].join('\r\n'),
    body,
    problem: problem instanceof Error || problem === 'timeout' ? 'BODY_INCOMPLETE' : problem,
  };
}
