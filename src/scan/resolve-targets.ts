import { lookup } from 'node:dns/promises';
import { formatAddress, parseAddress } from '../core/address.ts';
import { type AddressRange, parseTarget } from '../core/targets.ts';
import { messageOf, systemCode } from '../errors.ts';

/** A target that could not be used, to be recorded as an error of the scan. */
export interface TargetFault {
  readonly scope: string;
  readonly code: string;
  readonly message: string;
}

/** The addresses of target words. */
export interface ResolvedTargets {
  readonly ranges: readonly AddressRange[];
  /** Addresses that were named one by one. */
  readonly named: ReadonlySet<string>;
  /** Names that were resolved, by address. */
  readonly hostnames: Readonly<Record<string, string>>;
  readonly faults: readonly TargetFault[];
}

/**
 * Parses targets and resolves the names among them.
 *
 * @param all take every address of a name, not only the first
 * @throws AppError INVALID_TARGET
 */
export async function resolveTargets(
  words: readonly string[],
  all = false,
): Promise<ResolvedTargets> {
  const targets = words.map(parseTarget);
  const ranges = targets.flatMap((target) => (target.kind === 'range' ? [target.range] : []));
  const names = targets.flatMap((target) => (target.kind === 'name' ? [target.text] : []));
  const hostnames: Record<string, string> = {};
  const faults: TargetFault[] = [];
  const resolveName = async (name: string): Promise<void> => {
    try {
      const found = await lookup(name, { all: true });
      const preferred = found
        .filter(({ family }) => family === 4)
        .concat(found)
        .slice(0, 1);
      for (const { address: text } of all ? found : preferred) {
        const { family, value } = parseAddress(text);
        ranges.push({ family, first: value, last: value });
        hostnames[formatAddress({ family, value })] = name;
      }
    } catch (error) {
      const code = systemCode(error);
      const message = `the name "${name}" does not resolve (${code ?? messageOf(error)})`;
      faults.push({ scope: `target:${name}`, code: code ?? 'ENOTFOUND', message });
    }
  };
  await Promise.all([...new Set(names)].map(resolveName));
  const single = ranges.filter(({ first, last }) => first === last);
  const named = single.map(({ family, first: value }) => formatAddress({ family, value }));
  return { ranges, named: new Set(named), hostnames, faults };
}
