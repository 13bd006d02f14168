import type { Importer } from './importer.ts';

/** Portolan's own JSON Lines, version 1, and the V1 data set's three events. */
export const jsonl: Importer = {
  name: 'jsonl',
  title: 'Portolan JSON Lines (.jsonl)',
  // Accepts events of other versions, so that each bad line reports what is wrong with it.
  sniff: (head) =>
    head
      .toString()
      .split('\n')
      .some((line) => /^\s*\{.*"type"\s*:\s*"(run|scan|web|result)\./.test(line)),
  // The schema of events takes longer to load than all formats together.
  async *read(input) {
    const { readJsonl } = await import('./read-jsonl.ts');
    yield* readJsonl(input);
  },
};
