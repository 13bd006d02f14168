import { parseAllowedHours } from '../core/allowed-hours.ts';
import { combineSettings, overrideSettings, type ScanSettings } from '../core/scan-settings.ts';
import { AppError } from '../errors.ts';
import type { ScanRequest } from '../scan/resolve-request.ts';
import { globalExclusions, listExclusions } from '../store/setup/exclusions.ts';
import type { StoreDatabase } from '../store/store.ts';
import { findTarget, type ScanTarget } from '../store/setup/targets.ts';

/** A request that may name what was set up before. */
export interface NamedRequest extends ScanRequest {
  /** The name of a target, instead of addresses. */
  readonly target?: string | undefined;
  /** The name of a profile. */
  readonly profile?: string | undefined;
  /** When the scan begins, epoch ms: outside a target's allowed hours it is refused. */
  readonly at?: number;
}

/**
 * Completes a request with what was set up: the target's addresses, exclusions, ports and limits,
 * the profile's settings, and what is excluded from every scan of the tenant. What the request
 * says itself counts before the profile, and that before the target.
 *
 * @throws AppError NOT_FOUND, USAGE; CONFIRMATION_NEEDED outside a target's allowed hours, or
 *   where it is disabled, unless the request is confirmed
 */
export async function applyProfile(
  db: StoreDatabase,
  { target: targetName, profile: profileName, at, ...request }: NamedRequest,
): Promise<ScanRequest> {
  if (targetName === undefined && profileName === undefined) {
    return withExclusions(request, await globalExclusions(db));
  }
  let target: ScanTarget | undefined;
  if (targetName !== undefined) {
    if (request.targets.length > 0) {
      throw new AppError('USAGE', 'name addresses or a --target to scan, not both');
    }
    target = await findTarget(db, targetName);
    if (!request.confirmed) assertAllowed(target, at ?? Date.now());
  }
  const profile = profileName === undefined ? {} : await settingsOf(db, profileName);
  const settings = combineSettings(target?.settings ?? {}, profile);
  const exclusions = target
    ? (await listExclusions(db, target.name)).map(({ excluded }) => excluded)
    : await globalExclusions(db);
  const complete = {
    ...request,
    ...overrideSettings(settings, request),
    ...(target && { targets: target.targets }),
  };
  return withExclusions(complete, exclusions);
}

/** Profiles are YAML, whose parser is loaded only where one is named. */
async function settingsOf(db: StoreDatabase, name: string): Promise<ScanSettings> {
  const { findProfile } = await import('./profiles.ts');
  return (await findProfile(db, name)).settings;
}

function assertAllowed({ name, enabled, hours }: ScanTarget, at: number): void {
  if (!enabled) {
    throw new AppError(
      'CONFIRMATION_NEEDED',
      `the target "${name}" is disabled: "portolan target enable ${name}", or --yes to scan it once`,
    );
  }
  if (!hours || parseAllowedHours(hours.allowed, hours.time_zone).has(at)) return;
  throw new AppError(
    'CONFIRMATION_NEEDED',
    `the target "${name}" may be scanned ${hours.allowed} (${hours.time_zone}), not now: ` +
      '--yes scans it all the same',
  );
}

function withExclusions(request: ScanRequest, excluded: readonly string[]): ScanRequest {
  return { ...request, exclude: [...(request.exclude ?? []), ...excluded] };
}
