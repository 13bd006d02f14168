/** How soon a queued scan is taken, of those of its tenant: as a word and as its row has it. */
export const jobPriorities = { low: -10, normal: 0, high: 10, urgent: 20 } as const;
export type JobPriority = keyof typeof jobPriorities;

/** The word for a priority; the next lower one where it lies between two. */
export function priorityName(priority: number): JobPriority {
  if (priority >= jobPriorities.urgent) return 'urgent';
  if (priority >= jobPriorities.high) return 'high';
  return priority >= jobPriorities.normal ? 'normal' : 'low';
}
