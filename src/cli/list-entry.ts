import { resources } from '../resources/resources.ts';
import type { CommandEntry } from './command.ts';

/**
 * The command that lists a resource.
 *
 * @param path its words after the program's name: `ports`, `target list`
 */
export function listEntry(resource: string, path = resource): CommandEntry {
  const found = resources.find(({ name }) => name === resource);
  if (!found) throw new TypeError(`there is no resource "${resource}"`);
  return {
    name: path.split(' ').at(-1) ?? path,
    summary: found.summary,
    load: async () => (await import('./list-command.ts')).listCommand(path, await found.load()),
  };
}
