import type { DatabaseSync, StatementSync } from '../../database/driver.ts';

/** Prepares a statement, or returns the one already prepared for the same text. */
export type Statements = (sql: string) => StatementSync;

/** Caches one connection's statements. Texts are constants of the program, so there are few. */
export function statements(db: DatabaseSync): Statements {
  const prepared = new Map<string, StatementSync>();
  return (sql) => {
    let statement = prepared.get(sql);
    if (!statement) {
      statement = db.prepare(sql);
      prepared.set(sql, statement);
    }
    return statement;
  };
}
