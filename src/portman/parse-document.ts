import { z } from 'zod';
import { AppError, messageOf } from '../errors.ts';
import { isIntact } from './export.ts';
import { reservationStatuses } from './reservation.ts';

/** Far more than 65,535 ports need. */
export const maxDocumentBytes = 64 * 1024 * 1024;

const now = (): string => new Date().toISOString();
const time = z.iso.datetime({ offset: true }).or(
  // What SQLite's datetime() writes.
  z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
);
const text = z.string().max(10_000);

const toJson = (value: unknown): string | null => (value ? JSON.stringify(value) : null);

/** A row of `ports`. */
const port = z.strictObject({
  number: z.number().int().min(1).max(65_535),
  projectName: text.min(1).regex(/^\P{Cc}*$/u, 'must not contain a control character'),
  description: text.nullable().default(null),
  status: z.enum(reservationStatuses).default('reserved'),
  pid: z.number().int().nullable().default(null),
  processName: text.nullable().default(null),
  reservedAt: time.default(now),
  lastSeenAt: time.nullable().default(null),
  updatedAt: time.default(now),
  autoRelease: z
    .union([z.boolean(), z.literal(0), z.literal(1)])
    .nullish()
    .transform((value) => (value === null || value === undefined ? null : Number(value))),
  tags: z.array(text).nullish().transform(toJson),
  metadata: z.record(z.string(), z.json()).nullish().transform(toJson),
});

const historyEntry = z.strictObject({
  id: z.number().int(),
  port: z.number().int().min(1).max(65_535),
  action: z.enum(['reserved', 'released', 'in-use', 'killed']),
  projectName: text.nullable(),
  description: text.nullable(),
  performedBy: text.nullable(),
  performedAt: time,
  /** JSON: the command, and what it affected. */
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

/** An entry of the history. */
export type HistoryEntry = Readonly<z.output<typeof historyEntry>>;

/** A row of `configurations`: the settings, or the reservations at one time, under a name. */
export type Configuration = Readonly<z.output<typeof configuration>>;

/** An export that was read, and whether it had a checksum to check it by. */
export interface ImportedDocument extends z.output<typeof document> {
  readonly isChecked: boolean;
}

/**
 * Parses an export, JSON or YAML. One without a checksum is accepted.
 *
 * @param options.ignoreChecksum reads an export that was changed on purpose
 * @throws AppError INVALID_INPUT: not an export, a wrong value, or changed since it was written
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
      'its checksum does not match: it was changed or truncated since it was written ' +
        '(--no-checksum imports it anyway)',
    );
  }
  const numbers = new Set<number>();
  for (const { number } of ports) {
    if (numbers.has(number)) throw invalid(`it lists port ${number} twice`);
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
  return new AppError('INVALID_INPUT', `this is not a valid portman export: ${reason}`, { cause });
}
