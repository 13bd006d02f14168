import { beforeEach, describe, expect, test } from 'vitest';
import { temporaryRegistry } from '../../test/portman/fixtures.ts';
import type { DatabaseSync } from '../database/driver.ts';

/** The statements of the document that the database is made after, as it prints them. */
const documented = {
  allReserved: `SELECT number, projectName, description, reservedAt, tags FROM ports
    WHERE status IN ('reserved', 'in-use') ORDER BY number;`,
  byProject: `SELECT * FROM ports WHERE projectName = 'my-app' ORDER BY number;`,
  history: `SELECT h.action, h.performedAt, h.projectName, h.description, h.details
    FROM port_history h WHERE h.port = 3000 ORDER BY h.performedAt DESC;`,
  stale: `SELECT number, projectName, reservedAt, julianday('now') - julianday(reservedAt) as days_old
    FROM ports WHERE status = 'reserved' AND julianday('now') - julianday(reservedAt) > 30
    ORDER BY days_old DESC;`,
  active: `SELECT p.number, p.projectName, p.status, s.pid, s.processName, s.state
    FROM ports p LEFT JOIN active_scans s ON p.number = s.port
    WHERE p.status = 'in-use' ORDER BY p.number;`,
  oldHistory: `DELETE FROM port_history WHERE julianday('now') - julianday(performedAt) > 365;`,
  oldScans: `DELETE FROM active_scans WHERE julianday('now') - julianday(scannedAt) > 7;`,
  size: `SELECT page_count * page_size / 1024.0 / 1024.0 as size_mb
    FROM pragma_page_count(), pragma_page_size();`,
  plan: `EXPLAIN QUERY PLAN SELECT * FROM ports WHERE projectName = 'my-app';`,
};

let db: DatabaseSync;
beforeEach(async () => {
  ({ db } = await temporaryRegistry());
});

function insert(number: number, project: string, rest = ''): void {
  const [columns = '', values = ''] = rest.split('|');
  db.exec(`INSERT INTO ports (number, projectName, status${columns && `, ${columns}`})
    VALUES (${number}, '${project}', 'reserved'${values && `, ${values}`})`);
}

const actions = (port: number): unknown[] =>
  db.prepare('SELECT action FROM port_history WHERE port = ? ORDER BY id').all(port);

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('the documented queries', () => {
  test('find what is reserved, by number and by project', () => {
    insert(3001, 'my-app', `tags|'["frontend","dev"]'`);
    insert(3000, 'other');
    db.exec(`INSERT INTO ports (number, projectName, status) VALUES (3002, 'my-app', 'free')`);
    expect(db.prepare(documented.allReserved).all()).toEqual([
      expect.objectContaining({ number: 3000, projectName: 'other', tags: null }),
      expect.objectContaining({ number: 3001, tags: '["frontend","dev"]' }),
    ]);
    const numbers = db.prepare(documented.byProject).all();
    expect(numbers.map((row) => row['number'])).toEqual([3001, 3002]);
    const plan = db.prepare(documented.plan).all();
    expect(JSON.stringify(plan)).toContain('idx_ports_project');
  });

  test('find reservations older than 30 days, oldest first', () => {
    insert(3000, 'old', `reservedAt|datetime('now', '-40 days')`);
    insert(3001, 'older', `reservedAt|strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-50 days')`);
    insert(3002, 'new');
    const rows = db.prepare(documented.stale).all() as { number: number; days_old: number }[];
    expect(rows.map(({ number }) => number)).toEqual([3001, 3000]);
    expect(rows[0]!.days_old).toBeCloseTo(50, 2);
  });

  test('show who runs on the ports in use', () => {
    insert(3000, 'my-app');
    db.exec(`UPDATE ports SET status = 'in-use' WHERE number = 3000;
      INSERT INTO active_scans (port, pid, processName, state) VALUES (3000, 77, 'node', 'LISTEN')`);
    expect(db.prepare(documented.active).all()).toEqual([
      { number: 3000, projectName: 'my-app', status: 'in-use', pid: 77, processName: 'node', state: 'LISTEN' },
    ]); // prettier-ignore
  });

  test('clean old rows and nothing else', () => {
    db.exec(`INSERT INTO port_history (port, action, performedAt) VALUES
        (1, 'released', datetime('now', '-400 days')), (2, 'released', datetime('now', '-300 days'));
      INSERT INTO active_scans (port, scannedAt) VALUES
        (1, datetime('now', '-8 days')), (2, datetime('now', '-6 days'))`);
    db.exec(documented.oldHistory + documented.oldScans);
    expect(db.prepare('SELECT port FROM port_history').all()).toEqual([{ port: 2 }]);
    expect(db.prepare('SELECT port FROM active_scans').all()).toEqual([{ port: 2 }]);
  });

  test('keep the file in order and tell its size', () => {
    db.exec('VACUUM; ANALYZE;');
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    expect(db.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
    expect(db.prepare(documented.size).get()!['size_mb']).toBeGreaterThan(0);
  });

  test('sum up ports and projects in views', () => {
    insert(3001, 'my-app');
    insert(3000, 'my-app');
    insert(4000, 'other');
    db.exec(`UPDATE ports SET status = 'in-use' WHERE number = 3001;
      INSERT INTO ports (number, projectName, status) VALUES (5000, 'gone', 'free')`);
    expect(db.prepare('SELECT * FROM v_port_summary').get()).toEqual({
      reserved_count: 2,
      in_use_count: 1,
      free_count: 1,
      total_count: 4,
    });
    expect(db.prepare('SELECT * FROM v_project_ports ORDER BY projectName').all()).toEqual([
      { projectName: 'my-app', ports: '3000,3001', port_count: 2, active_count: 1 },
      { projectName: 'other', ports: '4000', port_count: 1, active_count: 0 },
    ]);
  });
});

describe('the tables', () => {
  test('write the history of a port from its first reservation to its removal', () => {
    insert(3000, 'my-app');
    db.exec(`UPDATE ports SET status = 'in-use' WHERE number = 3000;
      UPDATE ports SET description = 'same state' WHERE number = 3000;
      UPDATE ports SET status = 'reserved' WHERE number = 3000;
      UPDATE ports SET status = 'free' WHERE number = 3000;
      DELETE FROM ports WHERE number = 3000`);
    expect(actions(3000)).toEqual(
      ['reserved', 'in-use', 'reserved', 'released'].map((action) => ({ action })),
    );
    insert(3001, 'my-app');
    db.exec('DELETE FROM ports WHERE number = 3001');
    expect(actions(3001)).toEqual([{ action: 'reserved' }, { action: 'released' }]);
    expect(db.prepare(documented.history).all()[0]!['performedAt']).toMatch(isoTime);
  });

  test('accept a listener on several addresses and protocols, and no doubles', () => {
    const scan = (values: string): unknown =>
      db.exec(`INSERT INTO active_scans (protocol, address, port, pid) VALUES ${values}`);
    scan(`('tcp', '0.0.0.0', 53, 7), ('tcp', '::', 53, 7), ('udp', '0.0.0.0', 53, 7)`);
    scan(`('tcp', '::1', 54, 0)`);
    expect(() => scan(`('tcp', '::', 53, 7)`)).toThrow(/UNIQUE/);
    expect(() => scan(`('tcp', '::1', 54, 0)`)).toThrow(/UNIQUE/);
    expect(() => scan(`('tcp', '::1', 54, NULL)`)).toThrow(/NOT NULL/);
  });

  test.each([0, -1, 65_536, 99_999])('refuse the port %i', (number) => {
    expect(() => insert(number, 'a')).toThrow(/CHECK/);
    expect(() =>
      db.exec(`INSERT INTO port_history (port, action) VALUES (${number}, 'killed')`),
    ).toThrow(/CHECK/);
  });

  test('refuse tags and metadata that no reader could parse', () => {
    expect(() => insert(3000, 'a', `tags|'frontend'`)).toThrow(/CHECK/);
    expect(() => insert(3000, 'a', `metadata|'[]'`)).toThrow(/CHECK/);
    insert(3000, 'a', `tags, metadata|'["x"]', '{"team":"alpha"}'`);
  });

  test('stamp every time as ISO 8601 in UTC, and updatedAt by themselves', () => {
    insert(3000, 'a');
    const { reservedAt, updatedAt } = db.prepare('SELECT * FROM ports').get() as {
      reservedAt: string;
      updatedAt: string;
    };
    expect(reservedAt).toMatch(isoTime);
    db.exec(`UPDATE ports SET updatedAt = '2020-01-01T00:00:00.000Z'`);
    db.exec(`UPDATE ports SET description = 'x'`);
    const now = db.prepare('SELECT updatedAt FROM ports').get() as { updatedAt: string };
    expect(now.updatedAt >= updatedAt).toBe(true);
  });
});
