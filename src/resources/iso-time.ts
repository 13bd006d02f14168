/** A time for machines: epoch ms as ISO 8601 in UTC. */
export function isoTime(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}

/** A row with some of its times, epoch ms, as ISO 8601. */
export function withIsoTimes<Row extends object, Time extends keyof Row>(
  row: { [K in Time]: number | null } & Row,
  ...times: readonly Time[]
): Omit<Row, Time> & Record<Time, string | null> {
  return { ...row, ...Object.fromEntries(times.map((name) => [name, isoTime(row[name])])) };
}
