import type { MergeSyntax } from '../facts/merge-syntax.ts';

export const sqliteWords: MergeSyntax = {
  least: 'min',
  greatest: 'max',
  never: '0',
  elements: 'json_each',
  parameter: (number) => `?${number}`,
};
