import { userInfo } from 'node:os';

/** The name of the user who runs this process, or the numeric id if it has no name. */
export function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
