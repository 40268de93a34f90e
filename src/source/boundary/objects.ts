import type { Int64 } from '../../ir/read/values.ts';
import type { Config } from '../../kernel/config.ts';
import { leaf_entry } from '../../kernel/include/linux/pgtable.ts';
import { NotModelled } from '../../kernel/kernel/runtime.ts';
import type { mhp_params, vmem_altmap } from '../../kernel/kernel.ts';
import type { SourceProgram } from '../program.ts';
import { intOf, numberOf, wordOf, wordOfDescriptor, ZERO } from '../values.ts';
import type { Pagemap, PagemapOps } from './pagemaps.ts';

/** A member of a struct that the model passes as an object of its own. */
interface ObjectMember<T> {
  readonly read: (
    object: T,
    pointer: (object: object | null) => Int64,
    c: Config,
    program: SourceProgram,
  ) => Int64;
  readonly write?: (object: T, value: Int64) => void;
}

/** A struct by the object that stands for it; members that are not here stop the run. */
export interface ObjectStruct<T> {
  readonly struct: string;
  readonly members: Readonly<Record<string, ObjectMember<T>>>;
}

const count = (field: keyof vmem_altmap): ObjectMember<vmem_altmap> => ({
  read: (altmap) => wordOf(altmap[field]),
  write: (altmap, value) => {
    altmap[field] = numberOf(value);
  },
});

const vmemAltmap: ObjectStruct<vmem_altmap> = {
  struct: 'vmem_altmap',
  members: {
    base_pfn: count('base_pfn'),
    reserve: count('reserve'),
    free: count('free'),
    align: count('align'),
    alloc: count('alloc'),
  },
};

/** struct mhp_params, with the pagemap that it names. */
export interface ParamsInC extends mhp_params {
  readonly dev_pagemap: Pagemap | null;
}

const mhpParams: ObjectStruct<ParamsInC> = {
  struct: 'mhp_params',
  members: {
    altmap: { read: (params, pointer) => pointer(params.altmap) },
    pgmap: { read: (params, pointer) => pointer(params.dev_pagemap) },
    'pgprot.pgprot': { read: (params, _, c) => wordOfDescriptor(leaf_entry(c, 0, params.pgprot)) },
  },
};

const TYPES = {
  private: 'MEMORY_DEVICE_PRIVATE',
  fs_dax: 'MEMORY_DEVICE_FS_DAX',
  generic: 'MEMORY_DEVICE_GENERIC',
} as const;

/** Of the altmap in a dev_pagemap, which is there as PGMAP_ALTMAP_VALID says. */
const altmapField = (field: keyof vmem_altmap): ObjectMember<Pagemap> => ({
  read: ({ altmap }) => wordOf(altmap?.[field] ?? 0),
});

/** A pointer that is compared with NULL only. */
const isThere: ObjectMember<unknown> = { read: () => wordOf(1) };

const devPagemap: ObjectStruct<Pagemap> = {
  struct: 'dev_pagemap',
  members: {
    ...Object.fromEntries(
      (['base_pfn', 'reserve', 'free', 'align', 'alloc'] as const).map((field) => [
        `altmap.${field}`,
        altmapField(field),
      ]),
    ),
    type: {
      read({ type }, _pointer, _c, program) {
        if (type === 'private' && program.bundle.config.DEVICE_PRIVATE !== 'y')
          throw new NotModelled('private memory in a kernel without CONFIG_DEVICE_PRIVATE');
        return wordOf(program.enumerator(TYPES[type]));
      },
    },
    flags: { read: ({ flags }) => wordOf(flags) },
    vmemmap_shift: { read: ({ vmemmap_shift }) => wordOf(vmemmap_shift) },
    'range.start': { read: ({ range }) => wordOf(range.start) },
    'range.end': { read: ({ range }) => wordOf(range.end) },
    nr_range: {
      read: ({ nr_range }) => wordOf(nr_range),
      write: (pagemap, value) => {
        pagemap.nr_range = intOf(value);
      },
    },
    // until v5.16
    ref: {
      read(pagemap, pointer, _c, program) {
        if (pagemap.ref !== 'internal_ref') return pagemap.ref;
        const { lo, hi } = pointer(pagemap);
        return { lo: lo + program.member('dev_pagemap', 'internal_ref').offset, hi };
      },
      write: (pagemap, value) => {
        pagemap.ref = value;
      },
    },
    ops: { read: ({ ops }, pointer) => pointer(ops) },
    owner: isThere,
  },
};

const devPagemapOps: ObjectStruct<PagemapOps> = {
  struct: 'dev_pagemap_ops',
  members: { migrate_to_ram: isThere, page_free: isThere, folio_free: isThere },
};

/** The task that runs the C: what functions of the kernel keep in it while they run. */
export interface Task {
  readonly thread_info: { flags: Int64 };
  readonly lazy_mmu_state: { enable_count: number; pause_count: number };
}

export const newTask = (): Task => ({
  thread_info: { flags: ZERO },
  lazy_mmu_state: { enable_count: 0, pause_count: 0 },
});

const counter = (field: keyof Task['lazy_mmu_state']): ObjectMember<Task> => ({
  read: (task) => wordOf(task.lazy_mmu_state[field]),
  write: (task, value) => {
    task.lazy_mmu_state[field] = intOf(value);
  },
});

const taskStruct: ObjectStruct<Task> = {
  struct: 'task_struct',
  members: {
    'thread_info.flags': {
      read: (task) => task.thread_info.flags,
      write: (task, value) => {
        task.thread_info.flags = value;
      },
    },
    // of these bits only those of interrupts are looked at, and none runs
    'thread_info.preempt.count': { read: () => ZERO },
    'lazy_mmu_state.enable_count': counter('enable_count'),
    'lazy_mmu_state.pause_count': counter('pause_count'),
  },
};

const STRUCTS: readonly ObjectStruct<never>[] = [
  vmemAltmap,
  mhpParams,
  taskStruct,
  devPagemap,
  devPagemapOps,
];

/** The struct for which an object stands: the one whose members it has. */
export function structOf(object: object): ObjectStruct<never> | undefined {
  return STRUCTS.find(({ members }) => Object.keys(members).every((name) => name.split('.')[0]! in object));
}
