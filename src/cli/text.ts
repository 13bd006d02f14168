/** A time for people: local, to the second, `2026-11-21 09:30:05`. */
export function localTime(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '';
  const date = new Date(ms);
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Titled lines, values below each other; lines without a value are left out. */
export function factList(lines: readonly (readonly [string, string])[], width = 13): string {
  return lines
    .filter(([, value]) => value !== '')
    .map(([title, value]) => `${title.padEnd(width)}${value}\n`)
    .join('');
}

/** The parts that are not empty, joined. */
export function joinParts(parts: readonly string[], separator = ', '): string {
  return parts.filter((part) => part !== '').join(separator);
}
