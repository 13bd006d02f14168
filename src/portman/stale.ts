import { livenessOf } from './belonging.ts';
import { reconcile } from './reconcile.ts';
import { change, type Registry } from './registry.ts';
import { type Reservation, withoutOwner } from './reservation.ts';
import { readSettings } from './settings.ts';

/** When a reservation counts as forgotten; the settings by default. */
interface StaleLimits {
  /** The age at which one without an owner is stale. */
  readonly days?: number | undefined;
  /** How long one outlives its owner: a server that it left behind may be slow. */
  readonly graceMs?: number | undefined;
}

/** A forgotten reservation, and why it counts as one. */
interface StaleReservation extends Reservation {
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
  const oldMs = (days ?? settings['stale.days']) * dayMs;
  const goneMs = graceMs ?? settings['stale.graceSeconds'] * 1000;
  const { findings } = await reconcile(registry);
  const stale: StaleReservation[] = [];
  for (const { reservation, own } of findings) {
    if (own || reservation.status !== 'reserved') continue;
    const liveness = await livenessOf(reservation.owner);
    if (liveness === 'alive') continue;
    const ageMs = ageOf(reservation);
    if (ageMs < (liveness === 'gone' ? goneMs : oldMs)) continue;
    stale.push({
      ...withoutOwner(reservation),
      daysOld: Math.round((ageMs / dayMs) * 100) / 100,
      reason: liveness === 'gone' ? 'owner-gone' : 'old',
    });
  }
  return stale.sort((a, b) => b.daysOld - a.daysOld || a.number - b.number);
}

/** Milliseconds since it was reserved or its listener was last seen. */
function ageOf({ reservedAt, lastSeenAt }: Reservation): number {
  return Date.now() - Math.max(Date.parse(reservedAt), lastSeenAt ? Date.parse(lastSeenAt) : 0);
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
