import { readHistory } from '../../../portman/history.ts';
import { parsePort } from '../../../portman/port-number.ts';
import { integerOption } from '../../option-values.ts';
import { registryTable } from './registry-command.ts';

interface HistoryRequest {
  readonly operands: readonly [number?];
  readonly options: { readonly limit?: number };
}

/** Shows what happened to ports, latest first. */
export const { define, run } = registryTable({
  define: (command) =>
    command
      .argument('[port]', 'only this port', parsePort)
      .option('--limit <count>', 'at most this many rows (default: 100)', integerOption(1)),
  help: '\nExamples:\n  portman history 3000\n  portman history --json',
  work: (registry, { operands: [port], options: { limit } }: HistoryRequest) => ({
    rows: readHistory(registry, { port, limit }),
  }),
  columns: [
    { title: 'time', value: ({ performedAt }) => performedAt },
    { title: 'port', value: ({ port }) => port, align: 'right' },
    { title: 'action', value: ({ action }) => action },
    { title: 'project', value: ({ projectName }) => projectName },
    { title: 'by', value: ({ performedBy }) => performedBy },
    { title: 'details', value: ({ details }) => details },
  ],
  empty: 'Nothing has happened yet.',
});
