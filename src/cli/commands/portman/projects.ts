import { readProjects } from '../../../portman/history.ts';
import { reconcile } from '../../../portman/reconcile.ts';
import { registryTable } from './registry-command.ts';

/** Lists the projects that have reservations. */
export const { define, run } = registryTable({
  help: '\nExample:\n  portman projects',
  async work(registry) {
    await reconcile(registry);
    return { rows: readProjects(registry) };
  },
  columns: [
    { title: 'project', value: ({ projectName }) => projectName },
    { title: 'count', value: ({ portCount }) => portCount, align: 'right' },
    { title: 'in use', value: ({ activeCount }) => activeCount, align: 'right' },
    { title: 'ports', value: ({ ports }) => ports.join(' ') },
  ],
  empty: 'No project has ports.',
});
