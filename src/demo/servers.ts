import type { Server, Socket } from 'node:net';
import { issueChain } from './certificates.ts';

/** A server of the demo, on a free port of 127.0.0.1. */
export interface DemoServer {
  readonly name: 'http' | 'https' | 'ssh' | 'smtp' | 'redis';
  readonly port: number;
  /** Closes it and its connections. */
  close(): Promise<void>;
}

/** How long a client may stay silent. */
const idleMs = 10_000;

const icon = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/**
 * Starts the small servers that `portolan demo` scans: a web server, one with TLS, HTTP/2 and a
 * chain of three certificates, and three that greet as an SSH, a mail and a Redis server do. They
 * listen on loopback only, answer nothing but their greeting and one page, and keep no data.
 *
 * @param ports ports to listen on; by default free ports
 *
 * @example
 * const servers = await startDemoServers();
 * // … scan servers.map(({ port }) => port) …
 * await Promise.all(servers.map((server) => server.close()));
 */
export async function startDemoServers(
  ports: Partial<Record<DemoServer['name'], number>> = {},
): Promise<readonly DemoServer[]> {
  const [{ createServer: createHttp }, { createSecureServer }, { createServer: createTcp }] =
    await Promise.all([import('node:http'), import('node:http2'), import('node:net')]);
  const { certificate, key } = issueChain('localhost');
  const greet = (greeting: string, answers: readonly Answer[]) =>
    createTcp((socket) => converse(socket, greeting, answers));
  const start = (name: DemoServer['name'], server: Server) => listen(name, server, ports[name]);
  const started = await Promise.allSettled([
    start('http', createHttp(page('nginx/1.24.0', 'Harbour office'))),
    start(
      'https',
      createSecureServer(
        { key, cert: certificate, allowHTTP1: true },
        page('Apache/2.4.57 (Debian)', 'Chart room'),
      ),
    ),
    start('ssh', greet('SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n', [])),
    start(
      'smtp',
      greet('220 mail.demo.invalid ESMTP Postfix (Debian/GNU)\r\n', [
        [/^QUIT\r?\n/im, '221 2.0.0 Bye\r\n'],
        [/./, '502 5.5.2 Error: command not recognized\r\n'],
      ]),
    ),
    start(
      'redis',
      greet('', [
        [/INFO/i, redisInfo()],
        [/PING/i, '+PONG\r\n'],
        [/./, '-ERR unknown command\r\n'],
      ]),
    ),
  ]);
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = started.find((one) => one.status === 'rejected');
  if (!failed) return servers;
  await Promise.all(servers.map((server) => server.close()));
  throw failed.reason;
}

type Answer = readonly [question: RegExp, answer: string];

function converse(socket: Socket, greeting: string, answers: readonly Answer[]): void {
  socket.setTimeout(idleMs, () => socket.destroy());
  if (greeting !== '') socket.write(greeting);
  socket.on('data', (chunk: Buffer) => {
    const asked = chunk.toString('latin1', 0, 1024);
    const answer = answers.find(([question]) => question.test(asked))?.[1];
    if (answer === undefined) socket.end();
    else socket.write(answer);
  });
}

function redisInfo(): string {
  const info = '# Server\r\nredis_version:7.2.4\r\nredis_mode:standalone\r\n';
  return `+PONG\r\n$${info.length}\r\n${info}\r\n`;
}

interface PageRequest {
  readonly url?: string | undefined;
}
interface PageResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string | Buffer): unknown;
}

function page(
  server: string,
  title: string,
): (request: PageRequest, response: PageResponse) => void {
  const html = `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1></html>\n`;
  return (request, response) => {
    const isIcon = request.url === '/favicon.ico';
    const type = isIcon ? 'image/png' : 'text/html; charset=utf-8';
    response.writeHead(200, { server, 'content-type': type });
    response.end(isIcon ? icon : html);
  };
}

async function listen(name: DemoServer['name'], server: Server, port = 0): Promise<DemoServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // A scanner resets its connections, which is not an error here.
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    name,
    port: typeof address === 'object' && address ? address.port : 0,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
