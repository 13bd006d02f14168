import type { Listener, ListenerQuery, RunningProcess } from '../listener.ts';
import { findOwners } from './owners.ts';
import { readProcess } from './processes.ts';
import { readSockets } from './sockets.ts';

/**
 * Listeners and processes from `/proc`. Reads are synchronous: a file of `/proc` is made in memory,
 * and a round trip to a thread costs more than the read.
 */
export const linux = {
  list({ ports, withoutProcesses }: ListenerQuery): Promise<Listener[]> {
    const sockets = readSockets().filter(({ port }) => ports?.has(port) ?? true);
    const owners = withoutProcesses
      ? new Map<string, number[]>()
      : findOwners(new Set(sockets.map(({ inode }) => inode)));
    return Promise.resolve(
      sockets.map((socket) => ({ ...socket, pids: owners.get(socket.inode) ?? [] })),
    );
  },
  find(pid: number): Promise<RunningProcess | undefined> {
    return Promise.resolve(readProcess(pid));
  },
};
