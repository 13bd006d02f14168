import { readdirSync, readFileSync } from 'node:fs';
import { AppError } from '../../errors.ts';
import type { NetworkScanConfig } from '../../core/scan-config.ts';
import type { Engine } from './engine.ts';
import { epollEngine } from './epoll-engine.ts';
import { loadLibc } from './libc.ts';
import { socketsEngine } from './sockets-engine.ts';

/** Descriptors that a scan leaves for probes of open ports, the store, and files. */
const reservedDescriptors = 256;
/** More sockets of node:net than this only cost memory. */
const mostSockets = 2000;

/**
 * The engine of a configuration; `auto` is epoll where it works. Never more slots than this process
 * has descriptors to spare.
 *
 * @throws AppError UNSUPPORTED where the engine is `epoll` and does not work here
 */
export async function createTcpEngine(
  config: Pick<NetworkScanConfig, 'engine' | 'parallelism'>,
): Promise<Engine> {
  const capacity = Math.min(config.parallelism, spareDescriptors());
  if (config.engine === 'sockets') return socketsEngine(Math.min(capacity, mostSockets));
  try {
    const libc = await loadLibc();
    return epollEngine(libc, capacity);
  } catch (error) {
    const mayFallBack = config.engine === 'auto' && error instanceof AppError;
    if (!mayFallBack) throw error;
    return socketsEngine(Math.min(capacity, mostSockets));
  }
}

/**
 * How many more descriptors this process may open, less a reserve. Node raises its soft limit to
 * the hard one when it starts. Where the system does not tell, a number that every system allows.
 */
function spareDescriptors(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const text = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
    if (text === 'unlimited') return Number.MAX_SAFE_INTEGER;
    const left = Number(text) - readdirSync('/proc/self/fd').length;
    return Math.max(1, left - Math.min(reservedDescriptors, Math.ceil(left / 4)));
  } catch {
    return 1024 - reservedDescriptors;
  }
}
