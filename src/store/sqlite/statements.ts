import type { DatabaseSync, StatementSync } from '../../database/driver.ts';

/** Prepares a statement, or gives the one prepared before: its text is the key. */
export type Statements = (sql: string) => StatementSync;

/** Statements of one connection. Texts are constants of the program, so that they stay few. */
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
