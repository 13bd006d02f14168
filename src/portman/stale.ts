import { type Liveness, livenessOf } from './belonging.ts';
import { reconcile } from './reconcile.ts';
import { change, type Registry } from './registry.ts';
import { type OwnedReservation, type Reservation, withoutOwner } from './reservation.ts';
import { readSettings } from './settings.ts';

/** When a reservation counts as forgotten; the settings by default. */
interface StaleLimits {
  /** The age at which one without an owner is stale. */
  readonly days?: number | undefined;
  /** How long one outlives its owner: a server that it left behind may be slow. */
  readonly graceMs?: number | undefined;
}

/** A forgotten reservation, and why it counts as one. */
export interface StaleReservation extends Reservation {
  readonly daysOld: number;
  readonly reason: 'old' | 'owner-gone';
}

const dayMs = 86_400_000;

/**
 * Reservations that nobody seems to need: without a listener of their own, and either their owner is
 * gone, or they never had one and are old. While the owner lives, they are not stale at any age. Oldest
 * first.
 */
export async function findStale(
  registry: Registry,
  { days, graceMs }: StaleLimits = {},
): Promise<StaleReservation[]> {
  const settings = readSettings(registry);
  const limits = {
    oldMs: (days ?? settings['stale.days']) * dayMs,
    graceMs: graceMs ?? settings['stale.graceSeconds'] * 1000,
  };
  const { findings } = await reconcile(registry);
  const stale: StaleReservation[] = [];
  for (const { reservation, own } of findings) {
    if (own || reservation.status !== 'reserved') continue;
    const found = judge(reservation, await livenessOf(reservation.owner), limits);
    if (found) stale.push(found);
  }
  return stale.sort((a, b) => b.daysOld - a.daysOld || a.number - b.number);
}

function judge(
  reservation: OwnedReservation,
  liveness: Liveness,
  { oldMs, graceMs }: { oldMs: number; graceMs: number },
): StaleReservation | undefined {
  if (liveness === 'alive') return undefined;
  const { reservedAt, lastSeenAt } = reservation;
  const since = Math.max(Date.parse(reservedAt), lastSeenAt ? Date.parse(lastSeenAt) : 0);
  const ageMs = Date.now() - since;
  if (ageMs < (liveness === 'gone' ? graceMs : oldMs)) return undefined;
  return {
    ...withoutOwner(reservation),
    daysOld: Math.round((ageMs / dayMs) * 100) / 100,
    reason: liveness === 'gone' ? 'owner-gone' : 'old',
  };
}

/** Releases stale reservations; those that have changed since are kept. */
export function releaseStale(registry: Registry, stale: readonly StaleReservation[]): number[] {
  const released: number[] = [];
  change(registry, { command: 'stale' }, () => {
    const remove = registry.db.prepare(
      "DELETE FROM ports WHERE number = ? AND updatedAt = ? AND status = 'reserved'",
    );
    for (const { number, updatedAt } of stale) {
      if (remove.run(number, updatedAt).changes === 1) released.push(number);
    }
  });
  return released;
}
