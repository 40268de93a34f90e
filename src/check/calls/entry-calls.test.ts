import { expect, test } from 'vitest';
import { CallTable } from './entry-calls.ts';

test('the reference of a file is held for the functions of the file alone, a lock for what they call too', () => {
  const table = new CallTable();
  const held = ['device_hotplug_lock', 'kn->active'];
  table.note('B01', { fn: 'kernfs_fop_write', caller: null, root: 'kernfs_fop_write', held: [] });
  table.note('B01', { fn: 'state_store', caller: 'kernfs_fop_write', root: 'kernfs_fop_write', held });
  table.note('B01', { fn: 'device_online', caller: 'state_store', root: 'kernfs_fop_write', held });
  table.note('B02', { fn: 'state_store', caller: 'kernfs_fop_write', root: 'kernfs_fop_write', held });
  expect(Object.fromEntries(table.all())).toEqual({
    device_online: { holds: ['device_hotplug_lock'], entries: ['B01'] },
    kernfs_fop_write: { holds: [], entries: ['B01'] },
    state_store: { holds: held, entries: ['B01', 'B02'] },
  });
});
