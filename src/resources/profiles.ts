import { listProfiles } from '../jobs/profiles.ts';
import { pageOf } from '../store/keyset.ts';
import { defineResource } from './resource.ts';

export const profiles = defineResource({
  filters: {},
  list: async (db, _filter, page) => pageOf(await listProfiles(db), ({ name }) => name, page),
  order: 'name, those that come with Portolan first',
  examples: [{}],
  columns: [
    { title: 'profile', value: ({ name }) => name },
    { title: 'from', value: ({ is_built_in: isBuiltIn }) => (isBuiltIn ? 'Portolan' : 'you') },
    { title: 'description', value: ({ description }) => description },
  ],
  empty: '',
  hasBuiltIns: true,
  toJson: (row) => ({ ...row }),
});
