import { AppError } from '../errors.ts';
import { builtInNames, builtInProfile } from '../scan/profile-file.ts';
import { type ScanProfile, saveProfile, storedProfiles } from '../store/setup/profiles.ts';
import type { StoreDatabase } from '../store/store.ts';

/** A profile and where it is from. */
export interface ListedProfile extends ScanProfile {
  readonly is_built_in: boolean;
}

/** Every profile: those that come with Portolan, then the tenant's own. */
export async function listProfiles(db: StoreDatabase): Promise<ListedProfile[]> {
  const names = await builtInNames();
  const builtIn = await Promise.all(
    names.map(async (name) => ({ name, ...(await builtInProfile(name))!, is_built_in: true })),
  );
  const own = await storedProfiles(db);
  return [...builtIn, ...own.map((profile) => ({ ...profile, is_built_in: false }))];
}

/** @throws AppError NOT_FOUND */
export async function findProfile(db: StoreDatabase, name: string): Promise<ListedProfile> {
  const builtIn = await builtInProfile(name);
  if (builtIn) return { name, ...builtIn, is_built_in: true };
  const [own] = await storedProfiles(db, name);
  if (own) return { ...own, is_built_in: false };
  throw new AppError('NOT_FOUND', `there is no profile "${name}": see "portolan profile list"`);
}

/** @throws AppError AMBIGUOUS for a name that is built in; as `saveProfile` */
export async function saveOwnProfile(db: StoreDatabase, profile: ScanProfile): Promise<void> {
  if ((await builtInNames()).includes(profile.name)) {
    throw new AppError(
      'AMBIGUOUS',
      `the profile "${profile.name}" comes with Portolan: give yours another name`,
    );
  }
  await saveProfile(db, profile);
}
