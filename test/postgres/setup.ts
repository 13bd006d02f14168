import type { TestProject } from 'vitest/node';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { requirement } from '../environment.ts';
import { packagedPostgres, startPostgresServer, systemPostgres } from './server.ts';

/** A server that tests may make databases on. */
export interface ServerForTests {
  readonly name: string;
  /** Of a superuser. */
  readonly url: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgresServers: ServerForTests[];
  }
}

/** The database that those of tests are copies of. */
export const templateDatabase = 'portolan_template';

/**
 * Starts what the tests of the PostgreSQL store run on: version 18 of the npm package and version
 * 15 of the system, or the one server that DATABASE_URL names.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using running = new AsyncDisposableStack();
  const servers: ServerForTests[] = [];
  const named = process.env['DATABASE_URL'];
  if (named) servers.push({ name: 'PostgreSQL of DATABASE_URL', url: named });
  else {
    for (const { version, installation, how } of wanted()) {
      const isThere = installation !== undefined;
      if (!requirement(`PostgreSQL ${version}`, isThere, how) || !installation) continue;
      const server = running.use(await startPostgresServer(installation));
      servers.push({ name: `PostgreSQL ${server.version}`, url: server.url });
    }
  }
  for (const { url } of servers) await makeTemplate(url);
  project.provide('postgresServers', servers);
  const ended = running.move();
  return () => ended.disposeAsync();
}

function wanted(): {
  version: number;
  installation: ReturnType<typeof systemPostgres>;
  how: string;
}[] {
  return [
    { version: 18, installation: packagedPostgres(), how: 'npm ci installs it' },
    { version: 15, installation: systemPostgres(15), how: "install Debian's postgresql-15" },
  ];
}

async function makeTemplate(url: string): Promise<void> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${templateDatabase}`);
    await client.query(`CREATE DATABASE ${templateDatabase}`);
  } finally {
    await client.end();
  }
  const template = new URL(url);
  template.pathname = `/${templateDatabase}`;
  await (await openPostgresStore(template.href, { create: true })).close();
}
