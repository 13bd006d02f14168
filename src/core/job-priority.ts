/** Priorities of queued scans within a tenant: words and stored numbers. */
export const jobPriorities = { low: -10, normal: 0, high: 10, urgent: 20 } as const;
export type JobPriority = keyof typeof jobPriorities;

/** The word for a priority, or for the next lower one. */
export function priorityName(priority: number): JobPriority {
  if (priority >= jobPriorities.urgent) return 'urgent';
  if (priority >= jobPriorities.high) return 'high';
  return priority >= jobPriorities.normal ? 'normal' : 'low';
}
