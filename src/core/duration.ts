import { number } from './quantity.ts';

const units = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const;

/**
 * Milliseconds of a time span: `500ms`, `90s`, `30m`, `2h`, `1.5d`, `4w`; seconds by default.
 * Undefined for other text and for spans under 1 ms.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d+)?) ?(ms|[smhdw])?$/.exec(text.trim());
  if (!match) return undefined;
  const size = Object.entries(units).find(([unit]) => unit === match[2])?.[1] ?? units.s;
  return Math.round(Number(match[1]) * size) || undefined;
}

/** A time span in its two largest units: `850 ms`, `2.5 s`, `3 min 20 s`, `5 d 3 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < units.h) return twoUnits(ms, [units.m, 'min'], [units.s, 's']);
  if (ms < units.d) return twoUnits(ms, [units.h, 'h'], [units.m, 'min']);
  return twoUnits(ms, [units.d, 'd'], [units.h, 'h']);
}

function twoUnits(
  ms: number,
  [size, unit]: readonly [number, string],
  [smaller, smallerUnit]: readonly [number, string],
): string {
  const rest = Math.floor((ms % size) / smaller);
  return `${number(Math.floor(ms / size))} ${unit}${rest > 0 ? ` ${rest} ${smallerUnit}` : ''}`;
}
