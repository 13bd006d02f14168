import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';
import type { Store } from './store/store.ts';

/** What the callers (CLI, server, library) work with. Closed by `await using` or `dispose`. */
export interface App extends AsyncDisposable {
  readonly store: Store;
  readonly version: string;
}

/**
 * Opens the application: the one place that constructs its parts.
 *
 * @param options.create make the store where there is none: for commands that write
 * @throws AppError as `openSqliteStore`
 */
export async function openApp(
  config: Pick<Config, 'db'>,
  options: { readonly create: boolean },
): Promise<App> {
  const { openSqliteStore } = await import('./store/sqlite/open.ts');
  const store = await openSqliteStore(config.db, options);
  return {
    store,
    version: packageVersion(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** The version in package.json. */
export function packageVersion(): string {
  const manifest = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  return manifest.version;
}
