import type { PortState } from '../../../portman/port-state.ts';
import type { Column, Tone } from '../../../resources/resource.ts';

/** The word of a state in tables, flags before the stored value. */
export function stateWord({ status, foreign, unmanaged }: PortState): keyof typeof tones {
  if (foreign) return 'foreign';
  return unmanaged ? 'unmanaged' : status;
}

const tones = {
  free: 'muted',
  reserved: 'info',
  'in-use': 'good',
  foreign: 'bad',
  unmanaged: 'warning',
} as const satisfies Readonly<Record<string, Tone>>;

/** A table of ports. */
export const portTable = {
  columns: [
    { title: 'port', value: ({ port }) => port, align: 'right' },
    { title: 'status', value: stateWord, tone: (state) => tones[stateWord(state)] },
    { title: 'project', value: ({ reservation }) => reservation?.projectName },
    { title: 'description', value: ({ reservation }) => reservation?.description },
    { title: 'process', value: ({ listeners }) => listeners[0]?.process },
    { title: 'pid', value: ({ listeners }) => listeners[0]?.pid, align: 'right' },
    { title: 'user', value: ({ listeners }) => listeners[0]?.user },
    { title: 'address', value: addresses },
    { title: 'tags', value: ({ reservation }) => reservation?.tags.join(' ') },
    { title: 'auto', value: ({ reservation }) => (reservation?.autoRelease ? 'release' : '') },
  ] satisfies readonly Column<PortState>[],
  toCsv: portRecord,
};

function addresses({ listeners }: PortState): string {
  return listeners.map(({ transport, address }) => `${transport} ${address}`).join(', ');
}

/** The flat object of a port for CSV. */
function portRecord(state: PortState): Record<string, unknown> {
  const { port, reservation, listeners } = state;
  return {
    port,
    status: state.status,
    foreign: state.foreign,
    unmanaged: state.unmanaged,
    project: reservation?.projectName ?? null,
    description: reservation?.description ?? null,
    tags: reservation?.tags.join(' ') ?? null,
    auto_release: reservation?.autoRelease ?? null,
    reserved_at: reservation?.reservedAt ?? null,
    last_seen_at: reservation?.lastSeenAt ?? null,
    pid: listeners[0]?.pid ?? null,
    process: listeners[0]?.process ?? null,
    user: listeners[0]?.user ?? null,
    addresses: addresses(state),
  };
}
