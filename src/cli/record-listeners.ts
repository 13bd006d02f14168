import { shortId } from '../core/ids.ts';
import { createScan } from '../jobs/create-scan.ts';
import { runScan } from '../jobs/run-scan.ts';
import { listenersScanConfig, listenersScanType } from '../scan/listeners/scan-listeners.ts';
import { type Io, write } from './io.ts';
import { openFrom, type StoreOptions } from './store-option.ts';
import { count } from '../core/quantity.ts';

/** Records the listeners of this machine as a scan. */
export async function recordListeners(io: Io, options: StoreOptions): Promise<void> {
  await using app = await openFrom(io, options, true);
  const scan = await createScan(app.store, {
    scanType: listenersScanType,
    config: listenersScanConfig(),
    args: ['portman', 'scan', '--record'],
    toolVersion: app.version,
    faults: [],
  });
  const job = await runScan(app.store, scan, { signal: io.signal });
  const found = count(job.ports_open, 'open port');
  await write(io.stderr, `Scan ${shortId(job.id)}, ${found}, saved to ${app.store.location}.\n`);
}
