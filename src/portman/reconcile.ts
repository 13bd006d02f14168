import { findProcess, listListeners } from '../listeners/list-listeners.ts';
import type { Listener } from '../listeners/listener.ts';
import { belongs, livenessOf, type ProjectFolder, readProjectFolders } from './belonging.ts';
import { change, type Registry } from './registry.ts';
import {
  fallBack,
  type OwnedReservation,
  removeReservation,
  selectReservations,
} from './reservation.ts';

/** The age at which `lastSeenAt` is written again. */
const lastSeenAgeMs = 60_000;

/** A reservation and the kernel's listeners on its port. */
export interface Finding {
  readonly reservation: OwnedReservation;
  /** Every listener on the port. */
  readonly listeners: readonly Listener[];
  /** The first of them that belongs to the reservation. */
  readonly own: Listener | undefined;
}

/** The result of comparing reservations with listeners. */
interface Reconciled {
  readonly findings: readonly Finding[];
  /** Every listener, including those without a reservation. */
  readonly listeners: readonly Listener[];
  /** Ports whose listener is gone and whose reservation was released with it. */
  readonly released: readonly number[];
}

/**
 * Compares the reservations with the kernel's listeners and writes what has changed: a reserved port
 * that its project listens on is in use; one that it no longer listens on is released if `autoRelease`
 * is set, and falls back to reserved otherwise.
 *
 * @param ports only these; all by default
 */
export async function reconcile(
  registry: Registry,
  { ports, allListeners = false }: { ports?: ReadonlySet<number>; allListeners?: boolean } = {},
): Promise<Reconciled> {
  const reservations = readAll(registry).filter(({ number }) => ports?.has(number) ?? true);
  const wanted = ports ?? new Set(reservations.map(({ number }) => number));
  const listeners = await listListeners(allListeners ? {} : { ports: wanted });
  const byPort = Map.groupBy(listeners, ({ port }) => port);
  const folders = readProjectFolders(registry);
  const findings: Finding[] = [];
  for (const reservation of reservations) {
    const here = byPort.get(reservation.number) ?? [];
    const own = await findOwn(reservation, here, folders);
    findings.push({ reservation, listeners: here, own });
  }
  const steps = (await Promise.all(findings.map(stepOf))).filter((step) => step !== undefined);
  if (steps.length === 0) return { findings, listeners, released: [] };
  const released = apply(registry, steps);
  const current = new Map(readAll(registry).map((row) => [row.number, row]));
  return {
    findings: findings.flatMap((finding) => {
      const reservation = current.get(finding.reservation.number);
      return reservation ? [{ ...finding, reservation }] : [];
    }),
    listeners,
    released,
  };
}

async function findOwn(
  reservation: OwnedReservation,
  listeners: readonly Listener[],
  folders: readonly ProjectFolder[],
): Promise<Listener | undefined> {
  for (const each of listeners) if (await belongs(reservation, each, folders)) return each;
  return undefined;
}

type Step = { readonly seen: OwnedReservation } & (
  | { readonly kind: 'release' | 'fall-back' }
  | { readonly kind: 'in-use'; readonly pid: number | null; readonly name: string | null }
);

/** The step that a finding requires, if any. */
async function stepOf({ reservation, own }: Finding): Promise<Step | undefined> {
  if (!own) {
    if (reservation.status !== 'in-use') return undefined;
    // While its owner lives (`portman run`), the server may come back.
    const isHeld = (await livenessOf(reservation.owner)) === 'alive';
    const kind = reservation.autoRelease && !isHeld ? 'release' : 'fall-back';
    return { seen: reservation, kind };
  }
  const pid = own.pids[0] ?? null;
  const isFresh =
    reservation.status === 'in-use' &&
    reservation.pid === pid &&
    Date.now() - Date.parse(reservation.lastSeenAt ?? '1970-01-01') < lastSeenAgeMs;
  if (isFresh) return undefined;
  const name = pid === null ? null : ((await findProcess(pid))?.name ?? null);
  return { seen: reservation, kind: 'in-use', pid, name };
}

/**
 * Rows that another process has changed since are left to the next look.
 *
 * @returns the ports that were released
 */
function apply(registry: Registry, steps: readonly Step[]): number[] {
  const released: number[] = [];
  change(registry, { command: 'look' }, () => {
    for (const step of steps) {
      const { number, updatedAt } = step.seen;
      if (step.kind === 'in-use') {
        registry.db
          .prepare(
            `UPDATE ports SET status = 'in-use', pid = ?, processName = ?,
               lastSeenAt = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
             WHERE number = ? AND updatedAt = ?`,
          )
          .run(step.pid, step.name, number, updatedAt);
      } else if (step.kind === 'fall-back') {
        fallBack(registry, number, updatedAt);
      } else if (removeReservation(registry, number, updatedAt)) {
        released.push(number);
      }
    }
  });
  return released;
}

function readAll(registry: Registry): OwnedReservation[] {
  return selectReservations(registry, "p.status != 'free'");
}
