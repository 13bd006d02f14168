import { bytes, count } from '../../../core/quantity.ts';
import type { StoreState, StoreStatus } from '../../../store/maintenance/status.ts';
import { factList } from '../../text.ts';
import { adminCommand } from './admin-command.ts';

/** The exit status of each state, and what it means. */
const states: Readonly<Record<StoreState, readonly [number, string]>> = {
  current: [0, 'up to date'],
  missing: [1, 'does not exist yet'],
  empty: [1, 'empty, without tables'],
  older: [1, 'made by an older Portolan'],
  incomplete: [1, 'incomplete'],
  newer: [65, 'made by a newer Portolan'],
  edited: [65, 'made with other migrations'],
};

export const status = adminCommand({
  help: `
Changes nothing. Exit status: 0 the store is up to date, 1 "portolan db migrate" has something to do
(or there is no store yet), 65 it was created by a newer Portolan, or by other migrations.

Examples:
  portolan db status
  portolan db status --db postgres://portolan@db.example/portolan --json`,
  async work({ admin }) {
    const found = await admin.status();
    return { json: found, text: textOf(found), status: states[found.state][0] };
  },
});

function textOf(found: StoreStatus): string {
  const { location, engine, state, version, latest, pending, problem } = found;
  return factList(
    [
      ['store', location],
      ['engine', engine],
      ['state', states[state][1]],
      ['migration', version === latest ? `${version}` : `${version} (this program: ${latest})`],
      ...pending.map((step) => ['pending', `${step.version} ${step.description}`] as const),
      ['size', bytes(found.bytes)],
      ['scans', count(found.scans, 'scan')],
      ['tenants', found.tenants.join(', ')],
      ['problem', problem ?? ''],
    ],
    11,
  );
}
