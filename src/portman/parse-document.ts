import { z } from 'zod';
import { AppError, messageOf } from '../errors.ts';
import { isIntact } from './export.ts';
import { reservationStatuses } from './reservation.ts';

/** More than this is no list of 65,535 ports. */
export const maxDocumentBytes = 64 * 1024 * 1024;

const now = (): string => new Date().toISOString();
const time = z.iso.datetime({ offset: true }).or(
  // What SQLite's datetime() writes.
  z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
);
const text = z.string().max(10_000);

const port = z.strictObject({
  number: z.number().int().min(1).max(65_535),
  projectName: text.min(1).regex(/^\P{Cc}*$/u, 'must hold no control character'),
  description: text.nullish(),
  status: z.enum(reservationStatuses).default('reserved'),
  pid: z.number().int().nullish(),
  processName: text.nullish(),
  reservedAt: time.default(now),
  lastSeenAt: time.nullish(),
  updatedAt: time.default(now),
  autoRelease: z
    .union([z.boolean(), z.literal(0), z.literal(1)])
    .nullish()
    .transform((value) => (value === null || value === undefined ? value : Number(value))),
  tags: z.array(text).nullish(),
  metadata: z.record(z.string(), z.json()).nullish(),
});

const historyEntry = z.strictObject({
  id: z.number().int(),
  port: z.number().int().min(1).max(65_535),
  action: z.enum(['reserved', 'released', 'in-use', 'killed']),
  projectName: text.nullable(),
  description: text.nullable(),
  performedBy: text.nullable(),
  performedAt: time,
  details: z.string().nullable(),
});

const configuration = z.strictObject({
  id: z.number().int(),
  name: text,
  description: text.nullable(),
  data: z.string(),
  version: text,
  createdAt: time,
  createdBy: text.nullable(),
  checksum: text.nullable(),
});

const document = z.strictObject({
  version: z.string(),
  exportDate: time,
  ports: z.array(port).max(65_535),
  history: z.array(historyEntry).optional(),
  configurations: z.array(configuration).optional(),
  checksum: z.string().optional(),
});

export type ImportedPort = z.output<typeof port>;

/** An export that was read, and whether it had a checksum to check it by. */
export interface ImportedDocument extends z.output<typeof document> {
  readonly isChecked: boolean;
}

/**
 * Parses an export, JSON or YAML. One without a checksum is accepted.
 *
 * @param options.ignoreChecksum reads an export that was changed on purpose
 * @throws AppError INVALID_INPUT: no export, a wrong value, or changed since it was written
 */
export async function parseDocument(
  source: string,
  { ignoreChecksum = false }: { ignoreChecksum?: boolean } = {},
): Promise<ImportedDocument> {
  const parsed = document.safeParse(await parseText(source));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.join('.') ?? '';
    throw invalid(`${place ? `${place}: ` : ''}${issue?.message ?? 'unknown shape'}`);
  }
  const { checksum, ports } = parsed.data;
  if (checksum !== undefined && !ignoreChecksum && !isIntact(source, checksum)) {
    throw invalid(
      'its checksum does not fit: it was changed or cut since it was written ' +
        '(--no-checksum imports it all the same)',
    );
  }
  const numbers = new Set<number>();
  for (const { number } of ports) {
    if (numbers.has(number)) throw invalid(`port ${number} stands in it twice`);
    numbers.add(number);
  }
  return { ...parsed.data, isChecked: checksum !== undefined && !ignoreChecksum };
}

async function parseText(source: string): Promise<unknown> {
  try {
    if (source.trimStart().startsWith('{')) return JSON.parse(source);
    const { parse } = await import('yaml');
    return parse(source, { maxAliasCount: 0 });
  } catch (cause) {
    throw invalid(messageOf(cause).replace(/\n[^]*/, ''), cause);
  }
}

function invalid(reason: string, cause?: unknown): AppError {
  return new AppError('INVALID_INPUT', `this is no export of portman: ${reason}`, { cause });
}
