import type { MergeWords } from '../facts/merge-words.ts';

export const sqliteWords: MergeWords = {
  least: 'min',
  greatest: 'max',
  never: '0',
  elements: 'json_each',
  parameter: (number) => `?${number}`,
};
