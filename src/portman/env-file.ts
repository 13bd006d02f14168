import { readFile, rename, writeFile } from 'node:fs/promises';
import { systemCode } from '../errors.ts';

/**
 * Sets variables in a `.env` file: existing lines are replaced, new ones appended, all others kept. The
 * file is replaced as a whole, so that no reader sees half of it.
 */
export async function writeEnvFile(
  path: string,
  variables: Readonly<Record<string, number>>,
): Promise<void> {
  const text = setVariables(await readOrEmpty(path), variables);
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, path);
}

/** The text of a `.env` file with variables set. */
function setVariables(text: string, variables: Readonly<Record<string, number>>): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  for (const [name, value] of Object.entries(variables)) {
    const pattern = new RegExp(`^\\s*(export\\s+)?${name}\\s*=`);
    const at = lines.findLastIndex((line) => pattern.test(line));
    const isExported = /^\s*export\s/.test(lines[at] ?? '');
    lines[at < 0 ? lines.length : at] = `${isExported ? 'export ' : ''}${name}=${value}`;
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}
