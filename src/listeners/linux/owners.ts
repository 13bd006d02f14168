import { readdirSync, readlinkSync } from 'node:fs';
import { isGoneOrHidden } from './gone.ts';

/**
 * The processes that hold sockets, from the descriptors in `/proc/PID/fd`. Other users'
 * processes are hidden except from root; those that end meanwhile are left out.
 *
 * @param inodes the sockets to look for
 * @returns pids, ascending, by inode
 */
export function findOwners(inodes: ReadonlySet<string>): Map<string, number[]> {
  const owners = new Map<string, number[]>();
  if (inodes.size === 0) return owners;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    for (const inode of heldBy(pid, inodes)) {
      const pids = owners.get(inode);
      if (pids) pids.push(pid);
      else owners.set(inode, [pid]);
    }
  }
  for (const pids of owners.values()) pids.sort((a, b) => a - b);
  return owners;
}

/** Which of the sockets a process holds. */
function heldBy(pid: number, inodes: ReadonlySet<string>): Set<string> {
  const held = new Set<string>();
  const folder = `/proc/${pid}/fd`;
  for (const descriptor of quietly(() => readdirSync(folder)) ?? []) {
    const link = quietly(() => readlinkSync(`${folder}/${descriptor}`));
    if (!link?.startsWith('socket:[')) continue;
    const inode = link.slice(8, -1);
    if (inodes.has(inode)) held.add(inode);
  }
  return held;
}

/** Undefined where the process or descriptor is gone, or is another user's. */
function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isGoneOrHidden(error)) return undefined;
    throw error;
  }
}
