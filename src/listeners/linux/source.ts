import type { Listener, RunningProcess } from '../listener.ts';
import type { ListenerQuery } from '../list-listeners.ts';
import { findOwners } from './owners.ts';
import { readProcess } from './processes.ts';
import { readSockets } from './sockets.ts';

/**
 * Listeners and processes from `/proc`. Reads are synchronous: a file of `/proc` is made in
 * memory, and a thread's round trip costs more than the read.
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
