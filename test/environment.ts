import { writeSync } from 'node:fs';

/**
 * Whether a test that needs something of its machine can run. Where it cannot, it says so on
 * stderr; in CI it is an error instead, so that nothing is skipped unseen.
 *
 * @param name what is needed
 * @param isMet whether it is there
 * @param how how to get it
 */
export function requirement(name: string, isMet: boolean, how: string): boolean {
  if (isMet) return true;
  const message = `NOT TESTED: ${name} is missing; ${how}`;
  if (process.env.CI) throw new Error(message);
  writeSync(2, `\n${message}\n`);
  return false;
}
