import { createHash } from 'node:crypto';
import type { Registry } from './registry.ts';
import { portColumns } from './reservation.ts';

/** The version of the export's shape. */
export const documentVersion = '1.0';

/** The digest's placeholder while it is computed. */
const blank = '0'.repeat(64);

type DocumentFormat = 'json' | 'yaml';

/** How an export is written. */
export interface ExportOptions {
  readonly format?: DocumentFormat | undefined;
  /** Indented JSON. */
  readonly pretty?: boolean | undefined;
  /** Also the history and the saved configurations. */
  readonly full?: boolean | undefined;
}

/**
 * The registry as text: `{version, exportDate, ports, history?, configurations?, checksum}`. The
 * checksum is the SHA-256 of the text itself with zeros in its place, so that no byte can change
 * unnoticed.
 */
export async function exportRegistry(
  registry: Registry,
  { format = 'json', pretty = false, full = false }: ExportOptions = {},
): Promise<string> {
  const document = {
    version: documentVersion,
    exportDate: new Date().toISOString(),
    ports: readPorts(registry),
    ...(full
      ? {
          history: readTable(registry, 'port_history'),
          configurations: readTable(registry, 'configurations'),
        }
      : {}),
    checksum: `sha256:${blank}`,
  };
  const text = await serialize(document, format, pretty);
  return replaceLast(text, blank, digestOf(text));
}

async function serialize(
  document: object,
  format: DocumentFormat,
  pretty: boolean,
): Promise<string> {
  if (format === 'json') return `${JSON.stringify(document, null, pretty ? 2 : 0)}\n`;
  const { stringify } = await import('yaml');
  return stringify(document);
}

/** Every row of `ports`, its JSON columns as values. */
function readPorts({ db }: Registry): Record<string, unknown>[] {
  const rows = db
    .prepare(`SELECT ${portColumns.join(', ')} FROM ports ORDER BY number`)
    .all<Record<string, unknown>>();
  return rows.map((row) => ({
    ...row,
    autoRelease: row['autoRelease'] === null ? null : row['autoRelease'] === 1,
    tags: parsed(row['tags']),
    metadata: parsed(row['metadata']),
  }));
}

function parsed(text: unknown): unknown {
  return typeof text === 'string' ? JSON.parse(text) : null;
}

function readTable({ db }: Registry, table: 'port_history' | 'configurations'): unknown[] {
  const rows = db.prepare(`SELECT * FROM ${table} ORDER BY id`).all();
  return rows.map((row) => ({ ...row }));
}

/** Whether an export is unchanged since it was written. */
export function isIntact(text: string, checksum: string): boolean {
  const [, digest] = /^sha256:([0-9a-f]{64})$/.exec(checksum) ?? [];
  return digest !== undefined && digestOf(replaceLast(text, digest, blank)) === digest;
}

/** SHA-256 as hexadecimal digits. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The checksum is the last field, so its place is the last occurrence. */
function replaceLast(text: string, old: string, replacement: string): string {
  const at = text.lastIndexOf(old);
  return at < 0 ? text : text.slice(0, at) + replacement + text.slice(at + old.length);
}
