import { readFileSync } from 'node:fs';

let names: Map<number, string> | undefined;

/** The name of a user of this machine; the number as text where it has none. */
export function userName(uid: number | undefined): string | undefined {
  if (uid === undefined) return undefined;
  names ??= readNames();
  return names.get(uid) ?? String(uid);
}

function readNames(): Map<number, string> {
  const found = new Map<number, string>();
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name, , uid] = line.split(':');
      if (name && uid && !found.has(Number(uid))) found.set(Number(uid), name);
    }
  } catch {
    // Windows has no such file.
  }
  return found;
}
