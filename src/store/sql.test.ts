import fc from 'fast-check';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { expect, test } from 'vitest';
import { and, assignments, compileSql, join, identifier, type Sql, sql } from './sql.ts';

function postgres(query: Sql): ReturnType<typeof compileSql> {
  return compileSql(query, (number) => `$${number}`);
}

test('values become parameters, fragments are spliced in, numbered in their order', () => {
  const condition = sql`port = ${443}`;
  expect(
    postgres(sql`SELECT ${identifier('h.address')} FROM hosts WHERE ${condition} AND x = ${'y'}`),
  ).toEqual({
    text: 'SELECT h.address FROM hosts WHERE port = $1 AND x = $2',
    values: [443, 'y'],
  });
});

test('no text of a value ever becomes SQL', () => {
  using db = new DatabaseSync(':memory:');
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const { text, values } = compileSql(sql`SELECT ${a} AS a, ${b} AS b`, () => '?');
      expect({ ...db.prepare(text).get(...(values as SQLInputValue[])) }).toEqual({ a, b });
    }),
  );
});

test('conditions that are left out do not count', () => {
  expect(postgres(and([sql`a = ${1}`, undefined, false, '', sql`b = ${2}`])).text).toBe(
    'a = $1 AND b = $2',
  );
  expect(postgres(and([undefined])).text).toBe('1 = 1');
});

test('assignments and lists', () => {
  expect(postgres(assignments({ a: 1, b: undefined, c: sql`c + ${2}` }))).toEqual({
    text: 'a = $1, c = c + $2',
    values: [1, 2],
  });
  expect(postgres(sql`x IN (${join([1, 2, 3])})`)).toEqual({
    text: 'x IN ($1, $2, $3)',
    values: [1, 2, 3],
  });
});

test.each(['a b', 'a;', 'a.b.c', '', '"a"', 'a--'])('"%s" is no name', (text) => {
  expect(() => identifier(text)).toThrow(TypeError);
});
