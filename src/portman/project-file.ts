import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { AppError, messageOf, systemCode } from '../errors.ts';

/** The file in which a project names its ports. */
export const projectFileName = '.portkeeper.json';

const portNumber = z.number().int().min(1).max(65_535);
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not a valid variable name');

const namedPort = z.strictObject({
  /** The preferred port; any free one by default. */
  port: portNumber.optional(),
  /** Fail if that port is taken, instead of choosing another. */
  fixed: z.boolean().default(false),
  /** The variable in `.env`; by default the name in capitals with `_PORT`. */
  env: variable.optional(),
  description: z.string().max(10_000).optional(),
  tags: z.array(z.string()).optional(),
  autoRelease: z.boolean().optional(),
});

const projectFile = z.strictObject({
  $schema: z.string().optional(),
  project: z
    .string()
    .min(1)
    .max(150)
    .regex(/^\P{Cc}*$/u, 'must hold no control character'),
  ports: z.record(
    z.string().regex(/^[A-Za-z][\w.-]{0,60}$/, 'is not a valid port name'),
    z.union([portNumber.transform((port) => ({ port, fixed: false })), namedPort]),
  ),
});

/** A port that a project names. */
export type NamedPort = z.output<typeof namedPort> & {
  readonly name: string;
  readonly env: string;
};

/** A project as its file describes it, in one worktree. */
export interface ProjectPlan {
  /** The folder of the file. */
  readonly directory: string;
  /** The project's name; in a linked git worktree, `name@worktree`. */
  readonly project: string;
  readonly ports: readonly NamedPort[];
}

/**
 * Reads the `.portkeeper.json` of a folder, or of the nearest folder above it.
 *
 * @throws AppError NO_INPUT (there is none), INVALID_INPUT
 */
export function readProjectFile(folder: string): ProjectPlan {
  const path = findUpwards(folder, projectFileName);
  if (path === undefined) {
    throw new AppError(
      'NO_INPUT',
      `there is no ${projectFileName} in ${folder} or above; an example: ` +
        '{"project": "shop", "ports": {"web": 3000, "api": {"env": "API_PORT"}}}',
    );
  }
  const parsed = projectFile.safeParse(parseJson(path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AppError(
      'INVALID_INPUT',
      `${path}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    );
  }
  const directory = realpathSync(dirname(path));
  const worktree = linkedWorktree(directory);
  const { project, ports } = parsed.data;
  return {
    directory,
    project: worktree === undefined ? project : `${project}@${worktree}`,
    ports: Object.entries(ports).map(([name, port]) => ({
      ...port,
      name,
      env: ('env' in port ? port.env : undefined) ?? defaultVariable(name),
    })),
  };
}

/** What tells a second clone of a project from the first: its folder's name and a hash. */
export function cloneName(project: string, directory: string): string {
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 4);
  return `${project}@${basename(directory)}-${hash}`;
}

function defaultVariable(name: string): string {
  return `${name.replaceAll(/[^A-Za-z0-9]/g, '_').toUpperCase()}_PORT`;
}

/** The name that git gave a linked worktree: its `.git` is a file that points to it. */
function linkedWorktree(directory: string): string | undefined {
  const path = findUpwards(directory, '.git');
  if (path === undefined) return undefined;
  try {
    const [, gitFolder] = /^gitdir: (.*)$/m.exec(readFileSync(path, 'utf8')) ?? [];
    const isWorktree = gitFolder !== undefined && basename(dirname(gitFolder)) === 'worktrees';
    return isWorktree ? basename(gitFolder) : undefined;
  } catch (error) {
    if (systemCode(error) === 'EISDIR') return undefined;
    throw error;
  }
}

function findUpwards(folder: string, name: string): string | undefined {
  for (let here = realpathSync(folder); ; here = dirname(here)) {
    const path = join(here, name);
    try {
      return realpathSync(path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error;
    }
    if (dirname(here) === here) return undefined;
  }
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new AppError('INVALID_INPUT', `${path}: ${messageOf(cause)}`, { cause });
  }
}
