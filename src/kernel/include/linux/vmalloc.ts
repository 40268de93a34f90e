import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, operation } from '../../ops.ts';
import { type State, VM } from '../../state.ts';

const add_flags = operation({
  name: 'add_flags',
  obj: 'vmap_areas',
  writes: true,
  run: (state: State, addr: number, flags: number): void => {
    state.vmap_areas = state.vmap_areas.map((area) =>
      area.vm && area.va_start === addr
        ? { ...area, vm: { ...area.vm, flags: area.vm.flags | flags } }
        : area,
    );
  },
});

export const v5_2 = {
  *set_vm_flush_reset_perms(this: Kernel, addr: number): Steps<void> {
    const va = yield* this.find_vmap_area(addr);
    if (va?.vm) yield* change(add_flags, va.va_start, VM.FLUSH_RESET_PERMS);
  },
};
