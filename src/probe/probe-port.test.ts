import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { listenTcp } from '../../test/servers/listen.ts';
import { probeLoopback, type ProbeRun } from '../../test/servers/target.ts';

type Options = Parameters<typeof probeLoopback>[1];

/** Probes a server that does this on each connection. */
async function probe(
  onConnection: (socket: Socket) => void,
  options: Options = {},
): Promise<ProbeRun> {
  const server = await listenTcp(onConnection);
  try {
    return await probeLoopback(server.port, options);
  } finally {
    await server.close();
  }
}

const codes = ({ result }: ProbeRun) => result.faults.map(({ code }) => code);

describe('a server that speaks first', () => {
  test('is known by its greeting, in one connection', async () => {
    const { result, sockets } = await probe((socket) =>
      socket.write('SSH-2.0-OpenSSH_9.6p1 Debian-3\r\n'),
    );
    expect(result.service).toEqual({
      name: 'ssh',
      product: 'OpenSSH',
      vendor: 'OpenBSD',
      version: '9.6p1',
      extra_info: 'Debian-3',
      cpe: 'cpe:2.3:a:openbsd:openssh:9.6:p1:*:*:*:*:*:*',
      confidence: 0.95,
      method: 'banner',
    });
    expect(result.banners).toEqual([
      {
        protocol: 'ssh',
        banner: String.raw`SSH-2.0-OpenSSH_9.6p1 Debian-3\r\n`,
        t: expect.any(Number),
      },
    ]);
    expect(result.faults).toEqual([]);
    expect(sockets).toHaveLength(1);
  });

  test('in several pieces is read to the end', async () => {
    const { result } = await probe((socket) => {
      socket.write('220-FileZilla Server 1.7.3\r\n');
      setTimeout(() => socket.write('220 Please visit\r\n'), 20);
    });
    expect(result.service.product).toBe('FileZilla Server');
    expect(result.banners[0]?.banner).toContain('Please visit');
  });

  test('with a binary greeting is known too', async () => {
    const greeting = Buffer.from('\x0a8.0.36\0\x01\0\0\0abcdefgh\0', 'latin1');
    const { result } = await probe((socket) =>
      socket.write(Buffer.concat([Buffer.from([greeting.length, 0, 0, 0]), greeting])),
    );
    expect(result.service).toMatchObject({ name: 'mysql', product: 'MySQL', version: '8.0.36' });
    expect(result.banners[0]?.banner).toMatch(/^\\x15\\x00\\x00\\x00\\n8\.0\.36\\x00/);
  });

  test('in telnet shows its prompt once its options are refused', async () => {
    const { result } = await probe((socket) => {
      socket.write(Buffer.from([255, 253, 24, 255, 251, 1]));
      socket.on('data', () => socket.write('\r\nBusyBox v1.31.1 (2020) built-in shell\r\n'));
    });
    expect(result.service).toMatchObject({
      name: 'telnet',
      product: 'BusyBox telnetd',
      version: '1.31.1',
    });
  });

  test('with unknown text keeps the text, and is named by its port', async () => {
    const { result } = await probe((socket) => socket.write('ahoy\x1b[2J\r\n'), { as: 25565 });
    expect(result.service).toEqual({ name: 'minecraft', confidence: 0.3, method: 'port' });
    expect(result.banners[0]?.banner).toBe(String.raw`ahoy\x1b[2J\r\n`);
  });

  test('without end is cut', async () => {
    const { result } = await probe((socket) => {
      const flood = setInterval(() => socket.write(Buffer.alloc(65_536, 'flood\n')), 1);
      socket.once('close', () => clearInterval(flood));
    });
    expect(result.banners[0]?.banner.length).toBeLessThanOrEqual(2 * 4096);
    expect(result.banners[0]?.banner).toMatch(/^flood/);
  });

  test('in single bytes without end is cut by time', async () => {
    const { result } = await probe((socket) => {
      const drip = setInterval(() => socket.write('x'), 10);
      socket.once('close', () => clearInterval(drip));
    });
    expect(result.banners[0]?.banner).toMatch(/^x+$/);
  });
});

describe('a silent server', () => {
  test('that answers nothing is open, silent and bounded in connections', async () => {
    const run = await probe(() => {}, { limits: { stepMs: 80, greetingMs: 60 } });
    expect(run.result.service).toEqual({ name: 'unknown', confidence: 0, method: 'port' });
    expect(codes(run)).toEqual(['NO_ANSWER']);
    expect(run.sockets.length).toBeGreaterThan(1);
    expect(run.sockets.length).toBeLessThanOrEqual(12);
  });

  test('is sent the payload of its port first', async () => {
    const asked: string[] = [];
    const { result, sockets } = await probe(
      (socket) => {
        socket.on('data', (chunk) => {
          asked.push(chunk.toString('latin1'));
          socket.write('+PONG\r\n$60\r\n# Server\r\nredis_version:7.2.4\r\n\r\n');
        });
      },
      { as: 6379 },
    );
    expect(asked).toEqual(['PING\r\nINFO server\r\n']);
    expect(result.service).toMatchObject({ name: 'redis', product: 'Redis', version: '7.2.4' });
    expect(sockets).toHaveLength(1);
  });

  test('on an unusual port is asked again once its protocol is known', async () => {
    const { result } = await probe((socket) => {
      socket.on('data', (chunk) => {
        const isInfo = chunk.includes('INFO');
        socket.write(
          isInfo ? '+PONG\r\n$9\r\nredis_version:6.2.1\r\n' : "-ERR unknown command 'GET'\r\n",
        );
      });
    });
    expect(result.service).toMatchObject({ name: 'redis', version: '6.2.1' });
    expect(result.banners).toHaveLength(2);
  });

  for (const [name, port, answer, product] of [
    ['memcached', 11211, 'VERSION 1.6.21\r\n', 'memcached'],
    ['zookeeper', 2181, 'Zookeeper version: 3.8.1-x, built on\n', 'ZooKeeper'],
    [
      'domain',
      53,
      '\0\x3b\x12\x34\x85\x80\0\x01\0\x01\0\0\0\0\x07version\x04bind\0\0\x10\0\x03\xc0\x0c\0\x10\0\x03\0\0\0\0\0\x08\x079.18.24',
      'BIND',
    ],
    ['sip', 5060, 'SIP/2.0 200 OK\r\nServer: Asterisk PBX 18.10.0\r\n\r\n', 'Asterisk'],
    [
      'postgresql',
      5432,
      'E\0\0\0\x8fSFATAL\0VFATAL\0C0A000\0Munsupported frontend protocol 255.255: server supports 3.0 to 3.0\0\0',
      'PostgreSQL',
    ],
  ] as const) {
    test(`on port ${port} is recognized as ${name}`, async () => {
      const { result } = await probe(
        (socket) => socket.once('data', () => socket.write(Buffer.from(answer, 'latin1'))),
        { as: port },
      );
      expect(result.service).toMatchObject({ name, product });
    });
  }
});

describe('a server that breaks', () => {
  test('by resetting every connection is a fault, and is left alone soon', async () => {
    const run = await probe((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(codes(run)).toEqual(['ECONNRESET']);
    expect(run.result.service.method).toBe('port');
    expect(run.sockets.length).toBeLessThanOrEqual(12);
  });

  test('by closing every connection is silent', async () => {
    const run = await probe((socket) => socket.end());
    expect(codes(run)).toEqual(['NO_ANSWER']);
  });

  test('by refusing connections has the system’s code', async () => {
    const server = await listenTcp(() => {});
    await server.close();
    const run = await probeLoopback(server.port);
    expect(codes(run)).toEqual(['ECONNREFUSED']);
  });
});

test('a printer’s port is named by its number, never connected to', async () => {
  const { result, sockets } = await probe(() => {}, { as: 9100 });
  expect(result.service).toEqual({ name: 'jetdirect', confidence: 0.3, method: 'port' });
  expect(sockets).toHaveLength(0);
});

describe('at the end', () => {
  test('every connection is closed, on both sides', async () => {
    let open = 0;
    const server = await listenTcp((socket) => {
      open++;
      socket.resume();
      socket.once('close', () => open--);
    });
    const { sockets } = await probeLoopback(server.port, {
      limits: { stepMs: 60, greetingMs: 60 },
    });
    expect(sockets.every((socket) => socket.destroyed)).toBe(true);
    await expect.poll(() => open).toBe(0);
    await server.close();
  });

  test('an abort ends a probe that waits, and what was found so far stays', async () => {
    const stop = new AbortController();
    const server = await listenTcp(() => setTimeout(() => stop.abort(), 50));
    const limits = { greetingMs: 600_000, stepMs: 600_000, totalMs: 600_000 };
    const run = await probeLoopback(server.port, { signal: stop.signal, limits });
    expect(codes(run)).toEqual(['ABORTED']);
    expect(run.sockets.every((socket) => socket.destroyed)).toBe(true);
    await server.close();
  });

  test('an abort ends a probe that still connects', async () => {
    const stop = new AbortController();
    const run = await probeLoopback(1, {
      signal: stop.signal,
      connect: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          stop.abort();
        }),
    });
    expect(codes(run)).toEqual(['ABORTED']);
  });

  test('the whole port has its time, however slow each step is', async () => {
    const limits = { greetingMs: 600_000, stepMs: 600_000, totalMs: 200 };
    const run = await probe(() => {}, { limits });
    expect(run.result.service.method).toBe('port');
    expect(codes(run)).toEqual(['NO_ANSWER']);
  });
});
