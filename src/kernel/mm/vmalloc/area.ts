import { vaText } from '../../../geometry/translation.ts';
import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, lock, look, operation, pr_warn, unlock } from '../../ops.ts';
import type { State, vm_struct, vmap_area } from '../../state.ts';

/** mm/vmalloc.c: allocation of address ranges, under vmap_area_lock. */

const round_up = (n: number, align: number): number => Math.ceil(n / align) * align;

/** The lowest free addresses that fit, as va_start; null if there are none. */
const insert_area = operation({
  name: 'insert_area',
  obj: 'vmap_areas',
  writes: true,
  run(state: State, size: number, align: number, flags: number, vstart: number, vend: number): number | null {
    let addr = round_up(vstart, align);
    for (const area of state.vmap_areas) {
      if (area.va_end <= addr) continue;
      if (area.va_start >= addr + size) break;
      addr = round_up(area.va_end, align);
    }
    if (addr + size > vend) return null;
    const at = state.vmap_areas.findIndex((area) => area.va_start > addr);
    const area: vmap_area = { va_start: addr, va_end: addr + size, vm: { flags, pages: [] } };
    state.vmap_areas = state.vmap_areas.toSpliced(at < 0 ? state.vmap_areas.length : at, 0, area);
    return addr;
  },
  tell: (_, va_start) => ({ kind: 'does', what: 'insert_vmap_area(va), va_start', value: va_start }),
});

const remove_area = operation({
  name: 'remove_area',
  obj: 'vmap_areas',
  writes: true,
  tell: ([va_start]) => ({
    kind: 'does',
    what: 'rb_erase(&va->rb_node, &vmap_area_root), va_start',
    value: va_start,
  }),
  run: (state: State, va_start: number): void => {
    state.vmap_areas = state.vmap_areas.filter((area) => area.va_start !== va_start);
  },
});

const area_at = operation({
  name: 'area_at',
  obj: 'vmap_areas',
  writes: false,
  tell: (_, area) => ({ kind: 'reads', what: '__find_vmap_area()', value: area ? area.va_start : null }),
  run: (state: State, addr: number): vmap_area | null =>
    state.vmap_areas.find((area) => area.va_start <= addr && addr < area.va_end) ?? null,
});

const set_vm = operation({
  name: 'set_vm',
  obj: 'vmap_areas',
  writes: true,
  tell: ([, vm]) => ({ kind: 'does', what: vm === null ? 'va->vm = NULL' : 'va->vm = vm' }),
  run: (state: State, va_start: number, vm: vm_struct | null): void => {
    state.vmap_areas = state.vmap_areas.map((area) => (area.va_start === va_start ? { ...area, vm } : area));
  },
});

export const v5_2 = {
  /** va_start of a new area, or null (-EBUSY). If there is no room, lazily freed areas are purged once. */
  *alloc_vmap_area(
    this: Kernel,
    size: number,
    align: number,
    flags: number,
    vstart: number,
    vend: number,
  ): Steps<number | null> {
    for (let purged = false; ; purged = true) {
      yield* lock('vmap_area_lock', 'spinlock');
      const addr = yield* change(insert_area, size, align, flags, vstart, vend);
      yield* unlock('vmap_area_lock', 'spinlock');
      if (addr !== null) return addr;
      if (purged) break;
      yield* this.purge_vmap_area_lazy();
    }
    yield* this.$no_addresses(size, vstart, vend);
    return null;
  },

  *$no_addresses(this: Kernel, size: number, _vstart: number, _vend: number): Steps<void> {
    yield* pr_warn(`vmap allocation for size ${size} failed: use vmalloc=<size> to increase size`);
  },

  /** Under vmap_area_lock: the addresses are free again. */
  *__free_vmap_area(this: Kernel, va_start: number): Steps<void> {
    yield* change(remove_area, va_start);
  },

  *find_vmap_area(this: Kernel, addr: number): Steps<vmap_area | null> {
    yield* lock('vmap_area_lock', 'spinlock');
    const area = yield* look(area_at, addr);
    yield* unlock('vmap_area_lock', 'spinlock');
    return area;
  },

  *$set_vm_struct(this: Kernel, va_start: number, vm: vm_struct | null): Steps<void> {
    yield* lock('vmap_area_lock', 'spinlock');
    yield* change(set_vm, va_start, vm);
    yield* unlock('vmap_area_lock', 'spinlock');
  },

  /** An area for `size` bytes and a guard page behind them. */
  *__get_vm_area_node(
    this: Kernel,
    size: number,
    align: number,
    flags: number,
    start: number,
    end: number,
  ): Steps<number | null> {
    const { PAGE_SIZE } = this.c;
    const bytes = round_up(size, PAGE_SIZE);
    if (bytes === 0) return null;
    return yield* this.alloc_vmap_area(bytes + PAGE_SIZE, align, flags, start, end);
  },
};

export const v6_12 = {
  *$no_addresses(this: Kernel, size: number, vstart: number, vend: number): Steps<void> {
    const range = `0x${vaText(vstart)} - 0x${vaText(vend)}`;
    yield* pr_warn(`vmalloc_node_range for size ${size} failed: Address range restricted to ${range}`);
  },
};
