import { shortId } from '../core/ids.ts';
import { count } from '../core/quantity.ts';
import { scanJson } from '../resources/scans.ts';
import type { Job } from '../store/scans/jobs.ts';
import { type Io, write } from './io.ts';
import { type OutputOptions, writeOne } from './output.ts';
import { joinParts } from './text.ts';

/** Prints one line on how a scan went, or the scan as JSON. */
export async function writeScanSummary(io: Io, options: OutputOptions, scan: Job): Promise<void> {
  const parts = [
    `Scan ${scan.id} ${scan.status}: ${count(scan.hosts_up, 'host')} up`,
    count(scan.ports_open, 'open port'),
    `${scan.progress_percent}% done`,
    scan.error_message ?? '',
  ];
  await writeOne(io, options, { text: () => `${joinParts(parts)}.\n`, json: () => scanJson(scan) });
}

/** Prints the id of a scan that was queued for workers. */
export async function writeQueued(io: Io, options: OutputOptions, scan: Job): Promise<number> {
  await writeOne(io, options, { text: () => `${scan.id}\n`, json: () => scanJson(scan) });
  await write(io.stderr, `Queued. Follow it with: portolan wait ${shortId(scan.id)}\n`);
  return 0;
}
