import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createSecureServer,
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { Server, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { listen, listenTcp } from '../../../test/servers/listen.ts';
import { probeLoopback, type ProbeRun } from '../../../test/servers/target.ts';
import { issueChain } from '../../demo/certificates.ts';
import { faviconHashes } from './favicon.ts';

type Options = Parameters<typeof probeLoopback>[1];
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function probe(server: Server, options: Options = {}): Promise<ProbeRun> {
  const listening = await listen(server);
  try {
    return await probeLoopback(listening.port, options);
  } finally {
    await listening.close();
  }
}

/** Probes a server that answers each connection's first bytes with these. */
async function probeRaw(
  answer: (socket: Socket) => void,
  options: Options = {},
): Promise<ProbeRun> {
  const server = await listenTcp((socket) => socket.once('data', () => answer(socket)));
  try {
    return await probeLoopback(server.port, { as: 80, ...options });
  } finally {
    await server.close();
  }
}

const web = (handler: Handler, options: Options = {}) =>
  probe(createServer(handler), { as: 80, ...options });
const codes = ({ result }: ProbeRun) => result.faults.map(({ code }) => code);
const paths = ({ result }: ProbeRun) => result.endpoints.map(({ path }) => path);
const png = Buffer.from('\x89PNG\r\n\x1a\nrest of a picture', 'latin1');

/** Redirects every request. */
const redirect =
  (to: (url: string) => string): Handler =>
  (request, response) =>
    void response.writeHead(302, { location: to(request.url ?? '') }).end();

/** A page that shows how it was asked for, and an icon. */
const page = (request: Http2ServerRequest, response: Http2ServerResponse) => {
  const isIcon = request.url === '/favicon.ico';
  if (!isIcon) response.setHeader('server', 'Caddy');
  response.end(isIcon ? png : `<title>${request.authority}</title>`);
};

describe('a web page', () => {
  test('is recorded with its headers, title, icon and technologies', async () => {
    let agent: string | undefined;
    const { result, sockets } = await web(
      (request, response) => {
        agent = request.headers['user-agent'];
        if (request.url === '/i.png') {
          response.end(png);
          return;
        }
        response.setHeader('Server', 'nginx/1.24.0');
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        response.end(
          '<title>Fish &amp; chips</title><link rel="icon" href="i.png"><script src="/jquery.min.js"></script>',
        );
      },
      { hostname: 'shop.example' },
    );
    expect(result.service).toMatchObject({
      name: 'http',
      product: 'nginx',
      version: '1.24.0',
      method: 'http',
    });
    expect(result.endpoints).toEqual([
      {
        scheme: 'http',
        authority: 'shop.example',
        path: '/',
        status: 200,
        h2: 0,
        server_header: 'nginx/1.24.0',
        content_type: 'text/html; charset=utf-8',
        content_length: expect.any(Number),
        title: 'Fish & chips',
        favicon_hash: faviconHashes(png)?.murmur3,
        favicon_md5: faviconHashes(png)?.md5,
        tech_tags: ['nginx', 'jquery'],
        t: expect.any(Number),
      },
    ]);
    expect(result.faults).toEqual([]);
    expect(agent).toMatch(/^Portolan\/\d+\.\d+\.\d+/);
    expect(sockets.length).toBe(2);
  });

  test('named by an IPv6 address or an odd port has both in its authority', async () => {
    const { result } = await web((_, response) => response.end('x'), {
      as: 8081,
      addr: '2001:db8::1',
    });
    expect(result.endpoints[0]?.authority).toBe('[2001:db8::1]:8081');
  });

  test('where an icon is an error page has no icon', async () => {
    const { result } = await web((_, response) =>
      response.end('<title>every page is this one</title>'),
    );
    expect(result.endpoints[0]).not.toHaveProperty('favicon_hash');
  });

  test('does not take an icon from elsewhere', async () => {
    const asked: string[] = [];
    await web((request, response) => {
      asked.push(request.url ?? '');
      response.end('<link rel=icon href="http://127.0.0.1:1/x.png">');
    });
    expect(asked).toEqual(['/', '/favicon.ico']);
  });

  test('in an encoding that was not requested is still read', async () => {
    const { result } = await web((_, response) => {
      response.setHeader('Content-Encoding', 'gzip');
      response.end(gzipSync('<title>packed</title>'));
    });
    expect(result.endpoints[0]?.title).toBe('packed');
  });

  test('that unpacks to far more than its size is a fault', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const run = await web((_, response) => {
      response.setHeader('Content-Encoding', 'gzip');
      response.end(bomb);
    });
    expect(codes(run)).toEqual(['PARSE_ENCODING']);
    expect(run.result.endpoints[0]?.status).toBe(200);
  });

  test('in invalid UTF-8 has a readable title', async () => {
    const { result } = await web((_, response) =>
      response.end(Buffer.from('<title>a\xff\xfeb</title>', 'latin1')),
    );
    expect(result.endpoints[0]?.title).toBe('a\ufffd\ufffdb');
  });

  test('of fifty megabytes is read up to the limit, and the connection closed', async () => {
    let sent = 0;
    const run = await web((request, response) => {
      if (request.url !== '/') {
        response.writeHead(404).end();
        return;
      }
      response.setHeader('Content-Length', 50_000_000);
      const chunk = Buffer.alloc(100_000, '<p>');
      const more = () => {
        while (sent < 50_000_000 && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) break;
        }
        if (sent < 50_000_000) response.once('drain', more);
        else response.end();
      };
      more();
    });
    expect(codes(run)).toEqual(['BODY_TOO_LARGE']);
    expect(run.result.endpoints[0]).toMatchObject({ status: 200, content_length: 50_000_000 });
    expect(sent).toBeLessThan(50_000_000);
  });
});

describe('a redirect', () => {
  test('on the same port is followed, each page its own row', async () => {
    const run = await web((request, response) => {
      if (request.url === '/') response.writeHead(301, { location: '/a?b=1' }).end();
      else if (request.url === '/a?b=1') response.writeHead(307, { location: 'c' }).end();
      else response.end('<title>here</title>');
    });
    expect(run.result.endpoints).toMatchObject([
      { path: '/', status: 301, location: '/a?b=1' },
      { path: '/a?b=1', status: 307, location: 'c' },
      { path: '/c', status: 200, title: 'here' },
    ]);
    expect(run.result.faults).toEqual([]);
  });

  test('in a loop is followed once round', async () => {
    const run = await web(redirect((url) => (url === '/' ? '/a' : '/')));
    expect(codes(run)).toEqual(['REDIRECT_LOOP']);
    expect(paths(run)).toEqual(['/', '/a']);
  });

  test('that never ends is followed five times', async () => {
    const run = await web(redirect((url) => `${url}x`));
    expect(codes(run)).toEqual(['TOO_MANY_REDIRECTS']);
    expect(run.result.endpoints).toHaveLength(6);
  });

  test('out of scope is recorded and named, not followed', async () => {
    const asked: string[] = [];
    const run = await web(
      redirect(() => 'http://elsewhere.example/x'),
      {
        inScope: (url) => {
          asked.push(url.href);
          return false;
        },
      },
    );
    expect(asked).toEqual(['http://elsewhere.example/x']);
    expect(run.result.faults).toEqual([
      {
        code: 'REDIRECT_OUT_OF_SCOPE',
        message: expect.stringContaining('http://elsewhere.example/x'),
      },
    ]);
    expect(run.result.endpoints).toMatchObject([
      { path: '/', location: 'http://elsewhere.example/x' },
    ]);
  });

  test('to another name in scope is asked for by that name, on this very port', async () => {
    const hosts: (string | undefined)[] = [];
    const run = await web(
      (request, response) => {
        hosts.push(request.headers.host);
        if (request.headers.host === 'a.example')
          response.writeHead(302, { location: 'http://b.example/' }).end();
        else response.end('<title>b</title>');
      },
      { hostname: 'a.example', inScope: ({ hostname }) => hostname === 'b.example' },
    );
    expect(run.result.endpoints).toMatchObject([
      { authority: 'a.example' },
      { authority: 'b.example', title: 'b' },
    ]);
    expect(hosts[0]).toBe('a.example');
    expect(hosts[1]).toBe('b.example');
  });

  test('to another port or scheme in scope is recorded, and left to that port’s own probe', async () => {
    const run = await web(
      redirect(() => 'https://127.0.0.1/'),
      { inScope: () => true },
    );
    expect(run.result.endpoints).toMatchObject([{ path: '/', location: 'https://127.0.0.1/' }]);
    expect(run.result.faults).toEqual([]);
  });

  test('to an invalid URL is a fault', async () => {
    const run = await web(redirect(() => 'http://[nonsense'));
    expect(codes(run)).toEqual(['PARSE_LOCATION']);
  });
});

describe('a web server that misbehaves', () => {
  test('by dripping its headers ends in time', async () => {
    const run = await probeRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const drip = setInterval(() => socket.write('X-A: b\r\n'), 20);
      socket.once('close', () => clearInterval(drip));
    });
    expect(codes(run)).toEqual(['ETIMEDOUT']);
    expect(run.result.service.name).toBe('http');
  });

  test('by endless headers ends at their limit', async () => {
    const run = await probeRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const flood = setInterval(() => socket.write('X-A: b\r\n'.repeat(5000)), 1);
      socket.once('close', () => clearInterval(flood));
    });
    expect(codes(run)).toEqual(['PARSE_HTTP']);
  });

  test('by dripping its body keeps what came', async () => {
    const run = await probeRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n<title>slow</title>');
      const drip = setInterval(() => socket.write('x'), 20);
      socket.once('close', () => clearInterval(drip));
    });
    expect(run.result.endpoints[0]).toMatchObject({ status: 200, title: 'slow' });
    expect(codes(run)).toContain('BODY_INCOMPLETE');
  });

  test('by a wrong length keeps what arrived', async () => {
    const run = await probeRaw((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<title>short</title>'),
    );
    expect(run.result.endpoints[0]).toMatchObject({ title: 'short', content_length: 5000 });
    expect(codes(run)).toContain('BODY_INCOMPLETE');
  });

  test('by a status line that is none is a fault', async () => {
    const run = await probeRaw((socket) => socket.end('HTTP/1.1 yes\r\n\r\n'));
    expect(codes(run)).toEqual(['PARSE_HTTP']);
  });
});

describe('HTTP/2', () => {
  const { certificate: cert, key } = issueChain('localhost');
  test('is spoken where a TLS server offers it', async () => {
    const { result } = await probe(createSecureServer({ key, cert }, page), {
      as: 443,
      hostname: 'localhost',
    });
    expect(result.service).toMatchObject({ name: 'https', product: 'Caddy' });
    expect(result.endpoints).toMatchObject([
      {
        scheme: 'https',
        h2: 1,
        title: 'localhost',
        favicon_hash: faviconHashes(png)?.murmur3,
        tls: { alpn: 'h2' },
      },
    ]);
    expect(result.endpoints[0]?.tls?.chain).toHaveLength(3);
    expect(result).not.toHaveProperty('tls');
    expect(result.faults).toEqual([]);
  });

  test('is spoken to a server that knows nothing else, without TLS', async () => {
    for (const as of [80, 40_123]) {
      const { result } = await probe(createHttp2(page), { as });
      expect(result.service).toMatchObject({ name: 'http', product: 'Caddy' });
      expect(result.endpoints).toMatchObject([{ scheme: 'http', h2: 1, status: 200 }]);
      expect(result.faults).toEqual([]);
    }
  });

  test('with an endless body is read up to the limit', async () => {
    const server = createSecureServer({ key, cert });
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200 });
      const chunk = Buffer.alloc(65_536);
      const more = () => {
        while (!stream.destroyed && stream.write(chunk));
        if (!stream.destroyed) stream.once('drain', more);
      };
      more();
    });
    const { result } = await probe(server, { as: 443 });
    expect(result.endpoints[0]).toMatchObject({ h2: 1, status: 200 });
    expect(result.faults[0]?.code).toBe('BODY_TOO_LARGE');
  });

  test('from a server that falls silent ends in time', async () => {
    const { result } = await probe(
      createSecureServer({ key, cert }, () => {}),
      { as: 443 },
    );
    expect(result.service.name).toBe('https');
    expect(result.faults.map(({ code }) => code)).toEqual(['ETIMEDOUT']);
    expect(result.tls?.tls.alpn).toBe('h2');
  });
});

describe('HTTPS', () => {
  const { certificate: cert, key } = issueChain('localhost');
  const server = () =>
    createHttps({ key, cert }, (_, response) => response.end('<title>inside</title>'));

  test('in HTTP/1.1 carries the handshake in each of its rows', async () => {
    const { result } = await probe(server(), { as: 443, hostname: 'localhost' });
    expect(result.endpoints).toMatchObject([
      {
        scheme: 'https',
        authority: 'localhost',
        h2: 0,
        title: 'inside',
        tls: { alpn: 'http/1.1', version: 'TLSv1.3' },
      },
    ]);
    expect(result.service.name).toBe('https');
  });

  test('is found where a server complains of plain HTTP, or closes on it', async () => {
    for (const as of [80, 8080, 40_123]) {
      const { result } = await probe(server(), { as });
      expect(result.endpoints).toMatchObject([{ scheme: 'https', title: 'inside' }]);
      expect(result.faults).toEqual([]);
    }
  });
});

test('importing the probe loads neither TLS, HTTP/2 nor a schema library', async () => {
  const { execFileSync } = await import('node:child_process');
  const code = `
    await import('./src/probe/probe-port.ts');
    const list = process.moduleLoadList.filter((name) => /NativeModule (tls|http2|_tls_wrap|https|zlib)$/.test(name));
    process.stdout.write(JSON.stringify(list));`;
  const cwd = new URL('../../..', import.meta.url).pathname;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd,
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toEqual([]);
});
