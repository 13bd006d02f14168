import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isFinal } from '../../core/job-states.ts';
import { AppError } from '../../errors.ts';
import type { RowCounts } from '../../store/maintenance/backup.ts';
import { fileError } from '../../store/maintenance/file-error.ts';
import type { StoreAdmin } from '../../store/maintenance/store-admin.ts';
import { getJob } from '../../store/scans/jobs.ts';
import type { Store } from '../../store/store.ts';
import { compareDataSet } from '../data-set/compare-data-set.ts';
import { writeDataSet } from '../data-set/write-data-set.ts';
import { writeEvents } from './event-file.ts';

export interface ArchiveRequest {
  /** UUIDs of scans that have ended. */
  readonly scans: readonly string[];
  /** The parent folder; each scan gets a subfolder. */
  readonly folder: string;
  /** Whether to keep the scans in the store. */
  readonly keep: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called before each scan is archived. */
  readonly onScan?: (id: string) => void;
}

interface ArchivedScan {
  readonly scan: string;
  readonly folder: string;
  /** Rows of the data set, by table. */
  readonly rows: RowCounts;
  /** Events in `events.jsonl.gz`, which `import` reads. */
  readonly events: number;
}

export interface ArchiveReport {
  readonly archived: readonly ArchivedScan[];
  /** Rows that were removed from the store, by table. */
  readonly removed: RowCounts;
  readonly partitions: readonly string[];
}

/**
 * Writes each scan to a separate folder: the V1 data set as Parquet, and every event, from which
 * `import` restores the scan. Both are read back and compared with the store; only then are all
 * scans removed.
 *
 * @throws AppError ILLEGAL_TRANSITION for a scan that has not ended; STORE_CORRUPT if the files
 *   differ from the store; STORE_UNWRITABLE if a folder already exists. Nothing is removed in these
 *   cases.
 */
export async function archiveScans(
  store: Store,
  admin: StoreAdmin,
  { scans, folder, keep, signal, onScan }: ArchiveRequest,
): Promise<ArchiveReport> {
  const archived: ArchivedScan[] = [];
  for (const id of scans) {
    signal?.throwIfAborted();
    onScan?.(id);
    archived.push(await archiveOne(store, id, { folder: resolve(folder), signal }));
  }
  if (keep || archived.length === 0) return { archived, removed: {}, partitions: [] };
  const { rows, partitions } = await admin.prune({
    before: Date.now() + 1,
    keepScans: false,
    tenant: store.database.tenantId,
    scans: archived.map(({ scan }) => scan),
    isDryRun: false,
  });
  return { archived, removed: rows, partitions };
}

async function archiveOne(
  store: Store,
  id: string,
  { folder, signal }: Pick<ArchiveRequest, 'folder' | 'signal'>,
): Promise<ArchivedScan> {
  const { status } = await getJob(store.database, id);
  if (!isFinal(status)) {
    throw new AppError(
      'ILLEGAL_TRANSITION',
      `scan ${id} is ${status}: archive it once it has ended`,
    );
  }
  const place = join(folder, id);
  const part = join(folder, `.${id}.part`);
  if (existsSync(place)) {
    throw new AppError('STORE_UNWRITABLE', `${place} already exists: archive to another folder`);
  }
  await rm(part, { recursive: true, force: true });
  try {
    await mkdir(part, { recursive: true, mode: 0o700 });
    const options = { folder: part, scans: [id], signal };
    const rows = await writeDataSet(store, options);
    const compared = await compareDataSet(store, options);
    const wrong = Object.entries(compared).find(([, { isEqual }]) => !isEqual);
    if (wrong) throw notTheSame(`${wrong[0]}.parquet in ${part}`);
    const { events, isSame } = await writeEvents(store.database, id, join(part, 'events.jsonl.gz'));
    if (!isSame) throw notTheSame(join(part, 'events.jsonl.gz'));
    await rename(part, place);
    return { scan: id, folder: place, rows, events };
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw fileError(error, part);
  }
}

function notTheSame(what: string): AppError {
  return new AppError(
    'STORE_CORRUPT',
    `${what} differs from the store when read back: nothing was removed`,
  );
}
