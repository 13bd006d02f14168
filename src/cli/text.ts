import { bracketed } from '../core/scope.ts';

/** A number with thousands separators: `65,535`. (Intl takes 30 ms to load for the same.) */
export function number(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A count with its noun: `1 host`, `3 hosts`. */
export function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A time span in its two largest units: `850 ms`, `2.5 s`, `3 min 20 s`, `5 d 3 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const;
  const largest = units.findIndex(([, size]) => ms >= size);
  const [unit, size] = units[largest]!;
  const next = units[largest + 1];
  const rest = next ? Math.floor((ms % size) / next[1]) : 0;
  return `${number(Math.floor(ms / size))} ${unit}${next && rest > 0 ? ` ${rest} ${next[0]}` : ''}`;
}

/** A size in bytes: `1.5 MB` (decimal units). */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let index = 0;
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000;
    index++;
  }
  return `${index === 0 ? value : value.toFixed(1)} ${units[index]}`;
}

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

/** A time for machines: ISO 8601 in UTC. */
export function isoTime(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}

/** `address:port`, IPv6 in brackets. */
export function hostPort(address: string, port: number): string {
  return `${bracketed(address)}:${port}`;
}
