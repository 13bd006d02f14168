import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DatabaseSync, openDatabase } from '../../database/driver.ts';
import { transaction } from '../../database/transaction.ts';
import { inBulk } from './bulk.ts';

let db: DatabaseSync;

beforeEach(() => {
  db = openDatabase(':memory:');
  db.exec(`CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (parent INTEGER REFERENCES parent (id), word TEXT CHECK (word IN ('a', 'b')))`);
});

afterEach(() => {
  db.close();
});

const insert = (values: string): (() => void) => {
  return () => transaction(db, () => db.exec(`INSERT INTO child VALUES (${values})`));
};

test('constraints hold for small batches, and again behind a large one, ended by an error or not', () => {
  db.exec('PRAGMA foreign_keys = ON');
  inBulk(db, 5000, insert("7, 'z'"));
  expect(db.prepare('SELECT * FROM child').all()).toEqual([{ parent: 7, word: 'z' }]);
  expect(() => inBulk(db, 5000, insert('nothing, at, all'))).toThrow();
  for (const ports of [0, 5]) {
    expect(() => inBulk(db, ports, insert("7, 'a'"))).toThrow(/FOREIGN KEY/);
    expect(() => inBulk(db, ports, insert("NULL, 'z'"))).toThrow(/CHECK/);
  }
});
