import { connect, type Socket } from 'node:net';
import type { ProbeLimits } from '../../src/probe/limits.ts';
import { probePort } from '../../src/probe/probe-port.ts';
import type { ProbeResult, ProbeTarget } from '../../src/probe/probe.ts';

/** Limits that make a silent server's test quick, and still leave a slow machine time. */
const quickLimits: Partial<ProbeLimits> = {
  greetingMs: 150,
  stepMs: 400,
  totalMs: 5000,
  quietMs: 60,
};

/** A connection to loopback as the scanner hands it to a probe. */
function dial(port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', signal });
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

export interface ProbeRun {
  readonly result: ProbeResult;
  /** The sockets that the probe was given. */
  readonly sockets: readonly Socket[];
}

/** Probes a port of loopback; `as` is the port that the probe believes to speak with. */
export async function probeLoopback(
  port: number,
  options: { as?: number; limits?: Partial<ProbeLimits> } & Partial<ProbeTarget> = {},
): Promise<ProbeRun> {
  const { as = port, limits = {}, ...target } = options;
  const sockets: Socket[] = [];
  const result = await probePort(
    {
      addr: '127.0.0.1',
      port: as,
      inScope: () => false,
      signal: new AbortController().signal,
      async connect(signal) {
        const socket = await dial(port, signal);
        sockets.push(socket);
        return socket;
      },
      ...target,
    },
    { ...quickLimits, ...limits },
  );
  return { result, sockets };
}
