import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, systemCode } from '../../errors.ts';
import { defaultTenantId } from '../../core/ids.ts';
import { isFinal } from '../../core/job-states.ts';
import { listJobs } from '../../store/scans/find-scan.ts';
import type { Job } from '../../store/scans/jobs.ts';
import { allRows, type Page, type PageRequest } from '../../store/keyset.ts';
import type { Store } from '../../store/store.ts';
import type { TableProgress } from '../data-set/relations.ts';
import { type QueryTable, storeWideTables } from '../data-set/tables.ts';
import { writeDataSet } from '../data-set/write-data-set.ts';

/** A Parquet file with the rows of some scans. */
interface Pack {
  readonly file: string;
  /** A fingerprint of each scan by its UUID; of the whole store under `store`. */
  readonly scans: Readonly<Record<string, string>>;
  readonly rows: number;
}

interface Index {
  readonly version: 1;
  readonly tables: Readonly<Partial<Record<QueryTable, readonly Pack[]>>>;
}

/** If a table has more files than this, its smallest ones are merged. */
const mostPacks = 8;

/** Marks a cache (https://bford.info/cachedir/), also for programs that make backups. */
const tag = { file: 'CACHEDIR.TAG', owner: '# Portolan column cache' };
const tagText = `Signature: 8a477f597d28d172789f06886806bc55\n${tag.owner}\n`;

/** What this module writes into a cache, but for the index and the tag. */
const ownFile = /^\w+-[0-9a-f]{12}(\.\w+)?$/;

/** A file that is in no index but younger than this may be in use by another process. */
const orphanMs = 3_600_000;

export interface CacheRequest {
  readonly folder: string;
  readonly tables: readonly QueryTable[];
  readonly signal?: AbortSignal | undefined;
  /** Called before a table is read, and while it is. */
  readonly onReading?: TableProgress | undefined;
}

/**
 * The folder of a store's cache, separate for each tenant except the default.
 *
 * @param folders.named the folder that the user names, if any
 * @param folders.shared the folder for caches of stores that are not files
 */
export function cacheFolderOf(
  { file, location, database: { tenantId } }: Store,
  { named, shared }: { readonly named?: string | undefined; readonly shared: string },
): string {
  const digest = createHash('sha256').update(location).digest('hex').slice(0, 16);
  const base = named ?? (file === undefined ? join(shared, digest) : `${file}.cache`);
  return tenantId === defaultTenantId ? base : join(base, tenantId);
}

/** Whether a file, its links resolved, belongs to the cache of a store or a tenant. */
export function isInColumnCache(file: string): boolean {
  const folder = dirname(file);
  if (folder === file) return false;
  return isColumnCache(folder) || isInColumnCache(folder);
}

function isColumnCache(folder: string): boolean {
  try {
    return readFileSync(join(folder, tag.file), 'utf8').includes(tag.owner);
  } catch {
    return false;
  }
}

/**
 * Updates the Parquet files of a store's tables in their own folder (mode 0700): new and changed
 * scans are written, all others stay.
 *
 * @returns the files of each table
 * @throws AppError STORE_UNWRITABLE, STORE_FULL; the signal's reason
 */
export async function cachedColumns(
  store: Store,
  request: CacheRequest,
): Promise<ReadonlyMap<QueryTable, readonly string[]>> {
  const { folder, tables } = request;
  await makeFolder(folder);
  const known = await readIndex(folder);
  const stamp = await store.stamp();
  const scans = await scanPrints(store, stamp);
  const updated: Partial<Record<QueryTable, readonly Pack[]>> = {};
  for (const table of tables) {
    const now = storeWideTables.has(table) ? new Map([['store', stamp]]) : scans;
    const packs = validPacks(folder, known.tables[table] ?? [], now);
    const has = new Set(packs.flatMap((pack) => Object.keys(pack.scans)));
    const missing = [...now].filter(([id]) => !has.has(id));
    if (missing.length > 0) packs.push(await writePack(store, request, table, missing));
    updated[table] = packs;
  }
  await writeIndex(folder, updated);
  return new Map(
    tables.map((table) => [table, (updated[table] ?? []).map(({ file }) => join(folder, file))]),
  );
}

/** Packs whose scans are all unchanged, without the smallest ones beyond the limit. */
function validPacks(
  folder: string,
  packs: readonly Pack[],
  now: ReadonlyMap<string, string>,
): Pack[] {
  const valid = packs.filter(
    ({ file, scans }) =>
      existsSync(join(folder, file)) &&
      Object.entries(scans).every(([id, print]) => now.get(id) === print),
  );
  return valid.sort((a, b) => b.rows - a.rows).slice(0, mostPacks);
}

/**
 * Fingerprints that change with a scan's facts: of its row, which every import into it touches, or of
 * the whole store while the scan has not ended.
 */
async function scanPrints(store: Store, stamp: string): Promise<Map<string, string>> {
  const prints = new Map<string, string>();
  const list = (page: PageRequest): Promise<Page<Job>> => listJobs(store.database, {}, page);
  for await (const job of allRows(list, { limit: 500 })) {
    prints.set(job.id, isFinal(job.status) ? fingerprint(job) : stamp);
  }
  return prints;
}

function fingerprint(job: Job): string {
  const { status, attempts, counts, completed_at, heartbeat_at, is_partial } = job;
  const told = [status, attempts, counts, completed_at, heartbeat_at, is_partial];
  return createHash('sha256').update(JSON.stringify(told)).digest('base64url').slice(0, 16);
}

async function writePack(
  store: Store,
  { folder, signal, onReading }: CacheRequest,
  table: QueryTable,
  scans: readonly (readonly [string, string])[],
): Promise<Pack> {
  onReading?.(table, 0);
  const name = `${table}-${randomBytes(6).toString('hex')}`;
  const place = join(folder, name);
  try {
    const counts = await writeDataSet(store, {
      folder: place,
      tables: [table],
      scans: storeWideTables.has(table) ? [] : scans.map(([id]) => id),
      signal,
      onProgress: (of, rows, total) => of === table && onReading?.(table, rows, total),
    });
    const file = `${name}.parquet`;
    await chmod(join(place, `${table}.parquet`), 0o600);
    await rename(join(place, `${table}.parquet`), join(folder, file));
    return { file, scans: Object.fromEntries(scans), rows: counts[table] ?? 0 };
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    await writeFile(join(folder, tag.file), tagText, { mode: 0o600 });
  } catch (error) {
    throw new AppError(
      'STORE_UNWRITABLE',
      `the cache folder ${folder} cannot be created (${systemCode(error)}): ` +
        'name another with --cache',
      { cause: error },
    );
  }
}

async function readIndex(folder: string): Promise<Index> {
  try {
    const index: Index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
    if (index.version === 1) return index;
  } catch {
    // Missing or unreadable: it is written anew.
  }
  return { version: 1, tables: {} };
}

/** Replaces the tables of this call; other tables, which may have been written since, stay. */
async function writeIndex(folder: string, updated: Index['tables']): Promise<void> {
  const before = await readIndex(folder);
  const index: Index = { version: 1, tables: { ...before.tables, ...updated } };
  const text = JSON.stringify(index);
  if (text === JSON.stringify(before)) return;
  const draft = join(folder, `index-${randomBytes(6).toString('hex')}.json`);
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, join(folder, 'index.json'));
  const named = new Set(
    Object.values(index.tables).flatMap((packs) => packs.map(({ file }) => file)),
  );
  for (const file of await readdir(folder)) {
    if (!ownFile.test(file) || named.has(file)) continue;
    const found = await stat(join(folder, file)).catch(() => undefined);
    if (!found || Date.now() - found.mtimeMs < orphanMs) continue;
    await rm(join(folder, file), { recursive: true, force: true });
  }
}
