import { type AnyObject, parseObject } from './json-object.ts';

/** Number of lines to inspect. */
const sniffedLines = 50;

/** The complete, non-blank lines at the beginning of a file. */
export function firstLines(head: Buffer): string[] {
  const lines = head
    .toString()
    .replace(/^\uFEFF/, '')
    .split('\n');
  const isWhole = lines.length === 1 || head.length < 65_536;
  return (isWhole ? lines : lines.slice(0, -1))
    .slice(0, sniffedLines)
    .filter((line) => line.trim() !== '');
}

/** The first JSON object on a separate line at the beginning of a file. */
export function firstObject(head: Buffer): AnyObject | undefined {
  for (const line of firstLines(head)) {
    const object = parseObject(line.trim().replace(/,$/, ''));
    if (object) return object;
  }
  return undefined;
}
