import type { Steps } from '../../../steps/step.ts';
import { change, look, operation, W } from '../../ops.ts';
import { MEMBLOCK_MEMORY, type memblock_region, type memblock_type, type State } from '../../state.ts';

/**
 * The arrays of memblock slot by slot, as a concurrent reader finds them (B69). memmove() writes slot by slot; a region
 * is written field by field, the count last. A reader reads a slot in one step.
 */

const NO_REGION: memblock_region = { base: 0, size: 0, nid: 0, flags: 0 };

const type_of = (state: State, type: number): memblock_type => state.memblock_type.get(type)!;

/** An array of regions after boot, with capacity `max`. */
export const memblock_array = (regions: readonly memblock_region[], max: number): memblock_type => ({
  regions,
  past: [],
  max,
  in_slab: false,
  outgrown: [],
});

/** "memblock.memory" */
const name_of = (type: number): string => `memblock.${type === MEMBLOCK_MEMORY ? 'memory' : 'reserved'}`;

const count = operation({
  name: 'count',
  obj: 'memblock_type',
  writes: false,
  tell: ([type], cnt) => ({ kind: 'reads', what: `${name_of(type)}.cnt`, value: cnt }),
  run: (state: State, type: number): number => type_of(state, type).regions.length,
});

/** type->regions: the number of arrays that preceded it. */
const current = operation({
  name: 'current',
  obj: 'memblock_type',
  writes: false,
  tell: ([type]) => ({ kind: 'reads', what: `${name_of(type)}.regions` }),
  run: (state: State, type: number): number => type_of(state, type).outgrown.length,
});

function put(state: State, type: number, i: number, region: memblock_region): void {
  const t = type_of(state, type);
  const cnt = t.regions.length;
  if (i < cnt) t.regions = t.regions.with(i, region);
  else t.past = i - cnt < t.past.length ? t.past.with(i - cnt, region) : [...t.past, region];
}

const slot_of = (t: memblock_type, i: number): memblock_region =>
  t.regions[i] ?? t.past[i - t.regions.length] ?? NO_REGION;

const copy_slot = operation({
  name: 'copy_slot',
  obj: 'memblock_type',
  writes: true,
  run(state: State, type: number, from: number, to: number): void {
    put(state, type, to, slot_of(type_of(state, type), from));
  },
  tell: ([type, from, to]) => ({ kind: 'does', what: `${name_of(type)}.regions[${to}] = regions[${from}]` }),
});

const set_field = operation({
  name: 'set_field',
  obj: 'memblock_type',
  writes: true,
  run(state: State, type: number, i: number, field: keyof memblock_region, value: number): void {
    put(state, type, i, { ...slot_of(type_of(state, type), i), [field]: value });
  },
  tell: ([type, i, field, value]) => ({
    kind: 'writes',
    what: `${name_of(type)}.regions[${i}].${field}`,
    value,
  }),
});

const set_count = operation({
  name: 'set_count',
  obj: 'memblock_type',
  writes: true,
  run(state: State, type: number, cnt: number): void {
    const t = type_of(state, type);
    const slots = [...t.regions, ...t.past];
    t.regions = slots.slice(0, cnt);
    t.past = slots.slice(cnt);
  },
  tell: ([type, cnt]) => ({ kind: 'writes', what: `${name_of(type)}.cnt`, value: cnt }),
});

/** A copy replaces the array. */
const outgrow = operation({
  name: 'outgrow',
  obj: 'memblock_type',
  writes: true,
  run(state: State, type: number): void {
    const t = type_of(state, type);
    t.outgrown = [...t.outgrown, [...t.regions, ...t.past]];
  },
  tell: ([type]) => ({ kind: 'does', what: `${name_of(type)}.regions = new_array` }),
});

const free_outgrown = operation({
  name: 'free_outgrown',
  obj: 'memblock_type',
  writes: true,
  run(state: State, type: number): void {
    const t = type_of(state, type);
    t.outgrown = t.outgrown.with(-1, null);
  },
  tell: () => ({ kind: 'does', what: 'kfree(old_array)' }),
});

/** A slot of the array to which type->regions pointed when it was read; another array may have replaced it. */
const slot = operation<[type: number, array: number, i: number], memblock_region, false>({
  name: 'slot',
  obj: 'memblock_type',
  writes: false,
  fault(state, type, array) {
    if (type_of(state, type).outgrown[array] !== null) return undefined;
    const object = `${name_of(type)}.regions`;
    return {
      kind: 'use-after-free',
      subjects: { what: 'regions', access: 'read', object, state: 'free' },
      text: `read of what was ${object}, which is free`,
    };
  },
  run(state: State, type: number, array: number, i: number): memblock_region {
    const t = type_of(state, type);
    return array === t.outgrown.length ? slot_of(t, i) : (t.outgrown[array]?.[i] ?? NO_REGION);
  },
  tell: ([type, , i], region) => ({ kind: 'reads', what: `${name_of(type)}.regions[${i}]`, value: region }),
});

export const set_region_field = (
  type: number,
  i: number,
  field: keyof memblock_region,
  value: number,
): Steps<void> => change(set_field, type, i, field, value);

function* write_region(type: number, i: number, region: memblock_region): Steps<void> {
  for (const field of ['base', 'size', 'flags', 'nid'] as const)
    yield* set_region_field(type, i, field, region[field]);
}

/** memblock_insert_region(): the following slots move up, the last one first. */
export function* insert_slot(type: number, idx: number, region: memblock_region): Steps<void> {
  const cnt = yield* look(count, type);
  for (let i = cnt; i > idx; i--) yield* change(copy_slot, type, i - 1, i);
  yield* write_region(type, idx, region);
  yield* change(set_count, type, cnt + 1);
}

/** memblock_remove_region(): the following slots move down; the last slot keeps its contents. */
export function* remove_slot(type: number, idx: number): Steps<void> {
  const cnt = yield* look(count, type);
  for (let i = idx + 1; i < cnt; i++) yield* change(copy_slot, type, i, i - 1);
  yield* change(set_count, type, cnt - 1);
  if (cnt === 1) yield* write_region(type, 0, NO_REGION);
}

/** memblock_isolate_range(): the part below the cut is in no region until it is inserted again. */
export function* cut_slot(type: number, idx: number, region: memblock_region, cut: number): Steps<void> {
  const { base, size } = region;
  yield* set_region_field(type, idx, 'base', cut);
  yield* set_region_field(type, idx, 'size', size - (cut - base));
  yield* insert_slot(type, idx, { ...region, size: cut - base });
}

/** memblock_double_array(): a copy replaces the array, which may be freed. */
export function* move_array(type: number, max: number, freed: boolean): Steps<void> {
  yield* change(outgrow, type);
  yield* W('memblock_type', type, 'max', max);
  if (freed) yield* change(free_outgrown, type);
}

/**
 * The flags of the region that contains the address, or null (memblock_search, memblock_is_map_memory). The number of
 * regions and the array pointer are read once, because nothing in the loop writes to memory.
 */
export function* flags_by_slot(type: number, addr: number): Steps<number | null> {
  let right = yield* look(count, type);
  const array = yield* look(current, type);
  let left = 0;
  do {
    const mid = (left + right) >>> 1;
    const { base, size } = yield* look(slot, type, array, mid);
    if (addr < base) right = mid;
    else if (addr >= base + size) left = mid + 1;
    else return (yield* look(slot, type, array, mid)).flags;
  } while (left < right);
  return null;
}
