import { userInfo } from 'node:os';

/** The name of the user that runs this process; its number where the system has no entry for it. */
export function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
