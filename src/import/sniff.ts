import { type AnyObject, parseObject } from './json-object.ts';

/** Lines of a file's beginning that are looked at. */
const sniffedLines = 50;

/** The lines of a file's beginning that are whole and not blank. */
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

/** The first JSON object that stands on a line of its own in a file's beginning. */
export function firstObject(head: Buffer): AnyObject | undefined {
  for (const line of firstLines(head)) {
    const object = parseObject(line.trim().replace(/,$/, ''));
    if (object) return object;
  }
  return undefined;
}
