import { setTimeout as sleep } from 'node:timers/promises';
import { lookAtPorts, type PortState } from './port-state.ts';
import type { Registry } from './registry.ts';

/** A change of a reserved port between two looks. */
export interface PortChange {
  readonly at: string;
  readonly port: number;
  /** `taken`: somebody else listens on a reserved port. */
  readonly kind: 'reserved' | 'in-use' | 'stopped' | 'released' | 'taken' | 'left';
  readonly project: string;
  readonly pid: number | null;
  readonly process: string | null;
  readonly user: string | null;
}

/** A look, and what changed since the one before. */
export interface WatchFrame {
  readonly states: readonly PortState[];
  readonly changes: readonly PortChange[];
}

/**
 * Looks at the reserved ports at intervals until the signal aborts; ports with `autoRelease` that have
 * become free are released. The first frame has no changes except ports that are taken already.
 */
export async function* watchPorts(
  registry: Registry,
  { intervalMs, signal }: { intervalMs: number; signal: AbortSignal },
): AsyncIterable<WatchFrame> {
  let before: Map<number, PortState> | undefined;
  while (!signal.aborted) {
    const { states } = await lookAtPorts(registry);
    const now = new Map(states.map((state) => [state.port, state]));
    yield { states, changes: changesBetween(before ?? withoutListeners(now), now) };
    before = now;
    try {
      await sleep(intervalMs, undefined, { signal });
    } catch {
      return;
    }
  }
}

/** The basis of the first comparison: a taken port must be reported at once. */
function withoutListeners(states: ReadonlyMap<number, PortState>): Map<number, PortState> {
  return new Map(
    [...states].map(([port, state]) => [port, { ...state, foreign: false, listeners: [] }]),
  );
}

/** The changes between two looks, by port. */
function changesBetween(
  before: ReadonlyMap<number, PortState>,
  now: ReadonlyMap<number, PortState>,
): PortChange[] {
  const changes: PortChange[] = [];
  for (const [port, state] of now) {
    const old = before.get(port);
    const add = (kind: PortChange['kind']): void => void changes.push(changeOf(kind, state));
    if (!old) add('reserved');
    if (state.foreign && !old?.foreign) add('taken');
    else if (!state.foreign && old?.foreign) add('left');
    if (state.status === 'in-use' && old?.status !== 'in-use') add('in-use');
    if (state.status !== 'in-use' && old?.status === 'in-use') add('stopped');
  }
  for (const [port, state] of before) {
    if (!now.has(port)) changes.push({ ...changeOf('released', state), pid: null });
  }
  return changes.sort((a, b) => a.port - b.port);
}

function changeOf(kind: PortChange['kind'], state: PortState): PortChange {
  const [listener] = state.listeners;
  return {
    at: new Date().toISOString(),
    port: state.port,
    kind,
    project: state.reservation?.projectName ?? '',
    pid: listener?.pid ?? null,
    process: listener?.process ?? null,
    user: listener?.user ?? null,
  };
}
