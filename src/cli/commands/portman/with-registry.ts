import { readConfig } from '../../../config.ts';
import { openRegistry, type Registry } from '../../../portman/registry.ts';
import type { Io } from '../../io.ts';

/** Calls back with the registry that the environment names, and closes it afterwards. */
export async function withRegistry<T>(
  io: Io,
  body: (registry: Registry) => Promise<T>,
): Promise<T> {
  using registry = await openRegistry(readConfig(io.env).portRegistry);
  return await body(registry);
}
