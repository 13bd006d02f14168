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
