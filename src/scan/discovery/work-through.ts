/**
 * Works through items in order, at most so many at once.
 *
 * @param work returns false to take no more items
 */
export async function workThrough<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<boolean>,
): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) if (!(await work(item))) return;
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
