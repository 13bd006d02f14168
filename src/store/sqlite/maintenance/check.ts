import { chmodSync, statSync } from 'node:fs';
import type { DatabaseSync } from '../../../database/driver.ts';
import { firstRow } from '../../../database/rows.ts';
import { checkJobs } from '../../maintenance/check-jobs.ts';
import { orphanChecks, orphanRemedy } from '../../maintenance/orphans.ts';
import { type CheckOptions, found, type Problem } from '../../maintenance/problem.ts';
import { sqliteConnection, sqliteDatabase } from '../database.ts';
import { tenantOf } from '../open.ts';
import type { SqliteFile } from './file.ts';

/** Maximum faults listed; even one means that the file is damaged. */
const mostFaults = 20;

/** Looks for problems with a file: damage, broken references, orphans, stuck scans, access. */
export function checkFile(
  { path, use }: SqliteFile,
  { fix, signal }: CheckOptions,
): Promise<Problem[]> {
  return use(async (db) => {
    const problems: Problem[] = await damage(db);
    signal?.throwIfAborted();
    problems.push(...(await dangling(db)));
    for (const { table, message, query } of orphanChecks()) {
      signal?.throwIfAborted();
      const count = firstRow(db.prepare(query).all<{ n: number }>()).n;
      if (count === 0) continue;
      problems.push(
        await found(
          {
            code: 'orphans',
            severity: 'note',
            object: table,
            message: `${count} ${message}`,
            remedy: orphanRemedy,
          },
          { fix },
        ),
      );
    }
    const database = sqliteDatabase(sqliteConnection(db, path), tenantOf(db, path, undefined));
    problems.push(...(await checkJobs(database, fix)), ...(await mode(path, fix)));
    return problems;
  });
}

function damage(db: DatabaseSync): Promise<Problem[]> {
  const faults = db
    .prepare(`PRAGMA integrity_check(${mostFaults})`)
    .all<{ integrity_check: string }>()
    .map((row) => row.integrity_check)
    .filter((text) => text !== 'ok');
  return Promise.all(
    faults.map((message) =>
      found(
        {
          code: 'damaged',
          severity: 'fault',
          object: 'file',
          message,
          remedy:
            'restore a backup ("portolan db restore"), or recover what is readable with ' +
            '"sqlite3 FILE .recover"',
        },
        { fix: false },
      ),
    ),
  );
}

/** Rows with dangling references, from another program that does not enforce foreign keys. */
function dangling(db: DatabaseSync): Promise<Problem[]> {
  const rows = db
    .prepare(
      'SELECT "table", parent, count(*) AS n FROM pragma_foreign_key_check GROUP BY "table", parent',
    )
    .all<{ table: string; parent: string; n: number }>();
  return Promise.all(
    rows.map(({ table, parent, n }) =>
      found(
        {
          code: 'dangling',
          severity: 'fault',
          object: table,
          message: `${n} rows refer to missing rows of ${parent}`,
          remedy: 'restore a backup, or delete the rows that "PRAGMA foreign_key_check" lists',
        },
        { fix: false },
      ),
    ),
  );
}

async function mode(path: string, fix: boolean): Promise<Problem[]> {
  const bits = statSync(path).mode & 0o777;
  if (process.platform === 'win32' || (bits & 0o077) === 0) return [];
  const repair = (): boolean => {
    for (const name of [path, `${path}-wal`, `${path}-shm`]) {
      if (statSync(name, { throwIfNoEntry: false })) chmodSync(name, 0o600);
    }
    return true;
  };
  return [
    await found(
      {
        code: 'file_mode',
        severity: 'note',
        object: path,
        message: `other users can access the file (mode ${bits.toString(8)})`,
        remedy: `chmod 600 ${path}`,
      },
      { fix, repair },
    ),
  ];
}
