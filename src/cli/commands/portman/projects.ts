import { readProjects } from '../../../portman/history.ts';
import { reconcile } from '../../../portman/reconcile.ts';
import { registryTable } from './registry-command.ts';

/** Lists the projects that have reservations. */
export const projects = registryTable({
  help: '\nExample:\n  portman projects',
  async rows(registry) {
    await reconcile(registry);
    return readProjects(registry);
  },
  columns: [
    { title: 'project', value: ({ projectName }) => projectName },
    { title: 'count', value: ({ portCount }) => portCount, align: 'right' },
    { title: 'in use', value: ({ activeCount }) => activeCount, align: 'right' },
    { title: 'ports', value: ({ ports }) => ports.join(' ') },
  ],
  empty: 'No project has ports.',
});
