import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';
import type { StoreAdmin } from './store/maintenance/store-admin.ts';
import type { Store } from './store/store.ts';

/**
 * The application, as used by the CLI, the server and the library. Close it with `await using` or
 * `dispose`.
 */
export interface App extends AsyncDisposable {
  readonly store: Store;
  readonly version: string;
}

/** The store, tenant and connection limits. */
export type StoreConfig = Pick<Config, 'db'> & Partial<Pick<Config, 'pool' | 'tenant'>>;

/**
 * Opens the application. The only place that constructs its parts.
 *
 * @param options.create create the store if it is missing, for commands that write
 * @throws AppError as `openSqliteStore` and `openPostgresStore`
 */
export async function openApp(
  config: StoreConfig,
  options: { readonly create: boolean },
): Promise<App> {
  const store = await openStore(config, options);
  return {
    store,
    version: packageVersion(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/**
 * Opens a store. Each kind is loaded on demand, because the other's driver costs time.
 *
 * @throws AppError as `openSqliteStore` and `openPostgresStore`
 */
export async function openStore(
  { db, pool, tenant }: StoreConfig,
  options: { readonly create: boolean },
): Promise<Store> {
  if (isServer(db)) {
    const { openPostgresStore } = await import('./store/postgres/open.ts');
    return openPostgresStore(db, { ...options, tenant, ...(pool && { pool }) });
  }
  const { openSqliteStore } = await import('./store/sqlite/open.ts');
  return openSqliteStore(db, { ...options, tenant });
}

/**
 * Opens the same store for maintenance, whatever its version and even if it is missing. Nothing is
 * connected or created before the first call.
 */
export async function openAdmin({
  db,
  pool,
}: Pick<StoreConfig, 'db' | 'pool'>): Promise<StoreAdmin> {
  const { audited } = await import('./store/maintenance/audited.ts');
  if (isServer(db)) {
    const { postgresAdmin } = await import('./store/postgres/maintenance/store-admin.ts');
    return audited(postgresAdmin(db, pool));
  }
  const { sqliteAdmin } = await import('./store/sqlite/maintenance/store-admin.ts');
  return audited(sqliteAdmin(db));
}

function isServer(db: string): boolean {
  return /^postgres(ql)?:\/\//.test(db);
}

/** The version in package.json. */
export function packageVersion(): string {
  const manifest = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  return manifest.version;
}
