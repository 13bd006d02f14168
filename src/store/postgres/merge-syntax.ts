import type { MergeSyntax } from '../facts/merge-syntax.ts';

export const postgresWords: MergeSyntax = {
  least: 'least',
  greatest: 'greatest',
  never: "'epoch'",
  elements: 'jsonb_array_elements',
  parameter: (number) => `$${number}`,
};
