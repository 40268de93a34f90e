import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, operation } from '../../ops.ts';
import type { State } from '../../state.ts';

const firmware_map_drop = operation({
  name: 'firmware_map_drop',
  obj: 'firmware_map',
  writes: true,
  tell: () => ({ kind: 'does', what: 'list_del(&entry->list)' }),
  changes: ['firmware_map', 'vars'],
  run: (state: State, start: number, size: number): void => {
    state.firmware_map = state.firmware_map.filter((e) => e.start !== start || e.end !== start + size - 1);
  },
});

const firmware_map_add = operation({
  name: 'firmware_map_add',
  obj: 'firmware_map',
  writes: true,
  tell: () => ({ kind: 'does', what: 'list_add_tail(&entry->list, &map_entries)' }),
  changes: ['firmware_map', 'vars'],
  run: (state: State, start: number, size: number): void => {
    const id = state.vars.get(0)!.map_entries_nr++;
    state.firmware_map = [...state.firmware_map, { id, start, end: start + size - 1, type: 'System RAM' }];
  },
});

export const v5_2 = {
  *firmware_map_add_hotplug(this: Kernel, start: number, size: number): Steps<void> {
    if (this.c.FIRMWARE_MEMMAP) yield* change(firmware_map_add, start, size);
  },

  *firmware_map_remove(this: Kernel, start: number, size: number): Steps<void> {
    if (this.c.FIRMWARE_MEMMAP) yield* change(firmware_map_drop, start, size);
  },
};
