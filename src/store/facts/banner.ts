import type { ScanBanner } from '../../core/events.ts';
import { ofPort, text, time } from './columns.ts';
import { type Fact, scannedPort } from './fact.ts';
import { eventPerRow } from './read-rows.ts';

const columns = { ...ofPort, protocol: text, banner: text, t: time };

/** The first data that ports sent, by protocol. */
export const banners: Fact<ScanBanner, typeof columns> = {
  table: 'banner_scans',
  owner: 'scan',
  columns,
  key: ['addr', 'transport', 'port', 'protocol'],
  merge: 'newest',
  count: 'banners',
  references: [scannedPort],
  events: ['scan.banner'],
  rowsOf: (event) => [event],
  eventsOf: (scan) =>
    eventPerRow(scan, banners, (row) => ({ type: 'scan.banner', run_id: scan.id, ...row })),
};
