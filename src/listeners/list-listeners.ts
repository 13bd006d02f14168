import type { Listener, ListenerQuery, RunningProcess } from './listener.ts';

/** How a system lists its listeners and finds its processes. */
interface Source {
  list(query: ListenerQuery, signal: AbortSignal): Promise<readonly Listener[]>;
  find(pid: number): Promise<RunningProcess | undefined>;
}

/** The one place where a system's source is chosen. */
async function source(): Promise<Source> {
  if (process.platform === 'linux') {
    const { linux } = await import('./linux/source.ts');
    return linux;
  }
  const { findWrappedProcess: find } = await import('./wrapped-processes.ts');
  if (process.platform === 'win32') {
    const { listWithNetstat } = await import('./netstat.ts');
    return { list: (_, signal) => listWithNetstat(signal), find };
  }
  const { listWithLsof } = await import('./lsof.ts');
  return { list: (_, signal) => listWithLsof(signal), find };
}

/**
 * The listening sockets of this machine, every address family, TCP and UDP, by port.
 *
 * @throws AppError UNSUPPORTED where the system's tool is missing
 * @example await listListeners({ ports: new Set([3000]) })
 */
export async function listListeners(query: ListenerQuery = {}): Promise<Listener[]> {
  if (query.ports?.size === 0) return [];
  const signal = query.signal ?? new AbortController().signal;
  const listeners = await (await source()).list(query, signal);
  return listeners
    .filter(({ port }) => query.ports?.has(port) ?? true)
    .sort(
      (a, b) =>
        a.port - b.port ||
        a.transport.localeCompare(b.transport) ||
        a.address.localeCompare(b.address),
    );
}

/** A running process; undefined where it is gone. */
export async function findProcess(pid: number): Promise<RunningProcess | undefined> {
  return (await source()).find(pid);
}
