import type { MergeWords } from '../facts/merge-words.ts';

export const postgresWords: MergeWords = {
  least: 'least',
  greatest: 'greatest',
  never: "'epoch'",
  elements: 'jsonb_array_elements',
  parameter: (number) => `$${number}`,
};
