import { readdir, readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { parseScanSettings, type ScanSettings } from '../core/scan-settings.ts';
import { AppError, messageOf } from '../errors.ts';

/** What a profile's file holds. */
export interface ProfileFile {
  readonly description: string | null;
  readonly settings: ScanSettings;
}

/** A profile is a page of text; a bigger file is something else. */
const maxLength = 1_000_000;

const folder = new URL('../../profiles/', import.meta.url);

/**
 * Reads the YAML (or JSON) of a profile: `description`, and `settings` by name.
 *
 * @param source names it in messages
 * @throws AppError INVALID_INPUT
 */
export function parseProfile(text: string, source: string): ProfileFile {
  if (text.length > maxLength) throw invalid(source, 'is too long for a profile');
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw invalid(source, `is not valid YAML: ${messageOf(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(source, 'is not a profile; for example: "settings: {ports: 80}"');
  }
  const { description, settings, ...others } = value as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw invalid(source, `has "${unknown}"; only description and settings are known`);
  }
  if (description !== undefined && description !== null && typeof description !== 'string') {
    throw invalid(source, '"description" must be text');
  }
  return { description: description ?? null, settings: parseScanSettings(settings, source) };
}

/** The YAML that {@link parseProfile} reads back. */
export function formatProfile({ description, settings }: ProfileFile): string {
  return stringify({ ...(description !== null && { description }), settings }, { lineWidth: 0 });
}

/** The names of the profiles that come with Portolan. */
export async function builtInNames(): Promise<string[]> {
  const files = await readdir(folder);
  return files.filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -5));
}

/** A profile that comes with Portolan; undefined where none has the name. */
export async function builtInProfile(name: string): Promise<ProfileFile | undefined> {
  if (!(await builtInNames()).includes(name)) return undefined;
  return parseProfile(await readFile(new URL(`${name}.yaml`, folder), 'utf8'), `profile "${name}"`);
}

function invalid(source: string, what: string): AppError {
  return new AppError('INVALID_INPUT', `${source} ${what}`);
}
