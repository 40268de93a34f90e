import { contEntries } from '../../src/geometry/blocks.ts';
import { entryIndex, entrySize } from '../../src/geometry/translation.ts';
import { VALID } from '../../src/hardware/descriptor/descriptor.ts';
import { held } from '../../src/hardware/index.ts';
import { readEntry } from '../../src/hardware/mmu.ts';
import {
  NO_BLOCK_MAPPINGS,
  NO_CONT_MAPPINGS,
  NO_EXEC_MAPPINGS,
} from '../../src/kernel/arch/arm64/mm/mmu/create_pgd_mapping.ts';
import { table_page, WRITE_ONCE } from '../../src/kernel/include/linux/pgtable.ts';
import type { Kernel, vmem_altmap } from '../../src/kernel/kernel.ts';
import { PTL } from '../../src/kernel/mm/memory/pgalloc.ts';
import { NO_PAGE, PageReserved, page_use, USE } from '../../src/kernel/mm/page.ts';
import { resolve } from '../../src/kernel/mmu.ts';
import type { EntryAccess, KernelOperation } from '../../src/kernel/operation.ts';
import { phys_to_virt, vmemmap_of } from '../../src/kernel/pfn.ts';
import { violations } from '../../src/monitors/hotplug/index.ts';
import { stray } from '../../src/monitors/mmu/ways.ts';
import type { Session } from '../../src/scenarios/running/session.ts';
import { Runner } from '../../src/schedule/runner.ts';
import { failureKey } from '../../src/steps/failure.ts';
import type { Step, Steps } from '../../src/steps/step.ts';
import { booted, G, K, M } from '../kit.ts';
import { arm64, wordsText } from '../tables.ts';
import { witnessed } from './trace.ts';

const entriesOf = (step: Step): EntryAccess | undefined =>
  step.op === 'call' ? (step.operation as KernelOperation).entries?.(...step.args) : undefined;

/** Ranges of the linear map and of the memmap that are mapped and torn down, one kernel function at a time. */

const ROOT_LOCK = 'swapper_pgdir_lock';

/** The most failures to collect. */
const MOST = 64;

/** A machine on which kernel functions run one by one; failures are collected. */
export class Bench {
  readonly failures: string[] = [];
  readonly session: Session;
  #kernel: Kernel;
  readonly #runner: Runner;
  readonly #words: string;
  readonly #known: ReadonlySet<string>;
  readonly #locks = new Set<string>();

  constructor(release: string, shape: Shape, explored: boolean) {
    this.session = booted(release, arm64(shape.page, shape.va_bits, shape.rodata), { explored });
    this.#kernel = this.session.kernel;
    this.#runner = new Runner(this.session.state);
    this.#words = wordsText(this.session);
    this.#known = new Set(violations(this.session.state, this.#kernel.c).map(failureKey));
  }

  /** From now on the kernel counts as built for debugging. */
  debug(): void {
    this.#kernel = { ...this.#kernel, c: { ...this.#kernel.c, DEBUG_VM: true } };
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  /**
   * Runs a function to its end, under a lock if one is given. Pages that are freed must be unreachable for every CPU,
   * unused, and no longer counted as tables.
   */
  run(thread: Steps<unknown>, under: string | null = null): void {
    const { ended, events, value } = this.#runner.run(
      witnessed(
        thread,
        (step) => this.#freed(step),
        (step) => {
          this.#used(step);
          this.#guarded(step, under);
        },
      ),
    );
    if (value === false) this.failures.push('the answer is no');
    if (ended !== 'returned') this.failures.push(`ended by ${ended}`);
    for (const event of events)
      this.failures.push(`${event.kind} ${'where' in event ? event.where : ''} ${event.text}`.trim());
  }

  #freed(step: Step): void {
    if (step.op !== 'call' || !step.operation.writes || step.operation.obj !== 'pages') return;
    for (const { as, in_memory } of stray(this.session.state, this.#kernel.c))
      this.failures.push(
        `free pages can be reached by a ${as} ${in_memory ? 'in memory' : 'that a CPU holds'}`,
      );
    if (step.operation.name !== 'give_back') return;
    const [pfn, n] = step.args as readonly [number, number];
    for (const { value: level } of this.session.state.table_level.in(pfn, pfn + n))
      if (level !== null) this.failures.push(`a page is freed that still counts as a ${level} table`);
  }

  #used(step: Step): void {
    const entry = entriesOf(step);
    if (!entry) return;
    const { state, kernel } = this.session;
    const pfn = Math.floor(resolve(state, entry.p) / kernel.c.PAGE_SIZE);
    const page = state.pages.get(pfn);
    if (page !== NO_PAGE && (PageReserved(page) || page_use(page) === USE.TABLE)) return;
    this.failures.push(
      `a page table entry is ${entry.write ? 'written' : 'read'} in a page that is not a table`,
    );
  }

  /**
   * Checks that entries are written under their lock, and that writes to the root are visible when the lock is
   * released.
   */
  #guarded(step: Step, under: string | null): void {
    const { mmu } = this.session.state;
    if (step.op === 'lock') this.#locks.add(step.lock);
    if (step.op === 'unlock') {
      this.#locks.delete(step.lock);
      if (step.lock === ROOT_LOCK && mmu!.pending[mmu!.cpu]!.unsettled.length > 0)
        this.failures.push('the root is given back before its entry is visible');
    }
    const entry = entriesOf(step);
    if (!entry?.write) return;
    const { swapper_pg_dir, PAGE_SIZE } = this.#kernel.c;
    const root = entry.p >= swapper_pg_dir && entry.p < swapper_pg_dir + PAGE_SIZE;
    for (const lock of [root ? ROOT_LOCK : null, under])
      if (lock !== null && !this.#locks.has(lock)) this.failures.push(`an entry is written without ${lock}`);
  }

  /** V5 holds a lock during the whole tear-down. */
  get #tearDownLock(): string | null {
    return 'remove_pagetable' in this.#kernel ? PTL : null;
  }

  map(start: number, size: number): void {
    const k = this.#kernel;
    const pages = k.c.can_set_direct_map ? NO_BLOCK_MAPPINGS | NO_CONT_MAPPINGS : 0;
    const { MHP } = k.c.pgprot;
    const virt = phys_to_virt(k.c, start);
    const flags = NO_EXEC_MAPPINGS | pages;
    this.run(
      k.__create_pgd_mapping(k.c.swapper_pg_dir, start, virt, size, MHP, '__pgd_pgtable_alloc', flags),
    );
  }

  unmap(start: number, size: number): void {
    this.run(
      this.#kernel.__remove_pgd_mapping(phys_to_virt(this.#kernel.c, start), size),
      this.#tearDownLock,
    );
  }

  /** Makes the entry of a level that translates the address neither empty nor valid. */
  spoil(start: number, depth: number): void {
    const k = this.#kernel;
    const va = phys_to_virt(k.c, start);
    let table = k.c.swapper_pg_dir;
    for (let d = 0; d < depth; d++) {
      const entry = readEntry(this.session.state.mmu!, table + entryIndex(k.c.t, d, va) * 8);
      table = table_page(k.c, entry);
    }
    const p = table + entryIndex(k.c.t, depth, va) * 8;
    const { addr, attr } = readEntry(this.session.state.mmu!, p);
    this.#runner.run(WRITE_ONCE(p, { addr, attr: attr & ~VALID }));
  }

  /** The memmap of memory, without sections or sub-sections. */
  populate(start: number, size: number): void {
    const { c } = this.#kernel;
    const pfn = start / c.PAGE_SIZE;
    this.run(
      this.#kernel.vmemmap_populate(vmemmap_of(c, pfn), vmemmap_of(c, pfn + size / c.PAGE_SIZE), 0, null),
    );
  }

  depopulate(start: number, size: number): void {
    const { c } = this.#kernel;
    const pfn = start / c.PAGE_SIZE;
    this.run(
      this.#kernel.vmemmap_free(vmemmap_of(c, pfn), vmemmap_of(c, pfn + size / c.PAGE_SIZE), null),
      this.#tearDownLock,
    );
  }

  /** Checks that no CPU holds translations that memory does not have, whatever has been mapped. */
  quiet(): void {
    const { state, kernel } = this.session;
    const size = 2 ** kernel.c.t.va_bits;
    for (const h of held(state.mmu!, -size, size)) {
      const what = h.held_by.length > 0 ? 'may hold' : 'has instructions in flight with';
      this.failures.push(`a CPU ${what} a ${h.level} ${h.as} that memory does not have`);
    }
    if (state.mmu!.pending.some(({ unsettled, fresh }) => unsettled.length + fresh.length > 0))
      this.failures.push('an entry that was written may not be seen by all');
    for (const { rule } of state.mmu!.violations) this.failures.push(rule);
  }

  /** Checks that the state is the same as after boot. */
  over(): string[] {
    const { state, kernel } = this.session;
    this.quiet();
    if (wordsText(this.session) !== this.#words)
      this.failures.push(`the tables are not what they were: ${this.#left()}`);
    for (const failure of violations(state, kernel.c))
      if (!this.#known.has(failureKey(failure))) this.failures.push(failure.text);
    return this.failures.slice(0, MOST);
  }

  #left(): string {
    const { allocated, freed } = this.session.state.table_pages;
    const levels = ['P4D', 'PUD', 'PMD', 'PTE'] as const;
    return levels.map((level) => `${level} ${(allocated[level] ?? 0) - (freed[level] ?? 0)} kept`).join(', ');
  }
}

export interface Shape {
  readonly page: number;
  readonly va_bits: number;
  readonly rodata: 'full' | 'off';
}

export const SHAPES: readonly Shape[] = [
  { page: 4, va_bits: 39, rodata: 'full' },
  { page: 4, va_bits: 48, rodata: 'off' },
  { page: 16, va_bits: 36, rodata: 'off' },
  { page: 16, va_bits: 47, rodata: 'full' },
  { page: 64, va_bits: 42, rodata: 'full' },
];

/** With blocks under a contiguous hint. */
export const CONTIGUOUS: Shape = { page: 16, va_bits: 48, rodata: 'off' };

/** Five levels, if the release supports them. */
export const FIVE_LEVELS: Shape = { page: 4, va_bits: 52, rodata: 'full' };

const pages = ({ page }: Shape, n: number): number => n * page * K;

/** Memory whose struct pages lie under no table that exists at boot, if addresses reach far enough. */
export const far = ({ va_bits }: Shape): number => (va_bits === 36 ? 16 * G : 128 * G);

export interface Course {
  /** Whether to run it by batch forms as well, in all shapes. */
  readonly runs?: true;
  /** Whether it has too many entries to run one by one if a table has more than 512. */
  readonly large?: true;
  /** Whether there is an error from the start that the kernel must report. */
  readonly exact?: true;
  readonly run: (bench: Bench, shape: Shape) => void;
}

function comesAndGoes(bench: Bench, start: number): void {
  bench.populate(start, 128 * M);
  bench.depopulate(start, 128 * M);
}

export const COURSES: Readonly<Record<string, Course>> = {
  'a few pages of the linear map': {
    run: (bench, shape) => {
      bench.map(16 * G, pages(shape, 3));
      bench.quiet();
      bench.unmap(16 * G, pages(shape, 3));
    },
  },
  'two ranges of the linear map under one table': {
    run: (bench, shape) => {
      bench.map(16 * G, pages(shape, 2));
      bench.map(16 * G + pages(shape, 2), pages(shape, 3));
      bench.unmap(16 * G, pages(shape, 2));
      const left = wordsText(bench.session);
      bench.map(16 * G, pages(shape, 2));
      bench.unmap(16 * G, pages(shape, 2));
      if (wordsText(bench.session) !== left) bench.failures.push('the neighbour is not what it was');
      bench.unmap(16 * G + pages(shape, 2), pages(shape, 3));
    },
  },
  'a range that ends in another table': {
    run: (bench, shape) => {
      const table = bench.kernel.c.PMD_SIZE;
      bench.map(16 * G + table - pages(shape, 2), pages(shape, 4));
      bench.unmap(16 * G + table - pages(shape, 2), pages(shape, 4));
    },
  },
  'blocks, and pages behind them': {
    run: (bench, shape) => {
      const table = bench.kernel.c.PMD_SIZE;
      const size = shape.rodata === 'off' ? 3 * table + pages(shape, 2) : pages(shape, 40);
      bench.map(16 * G, size);
      bench.quiet();
      bench.unmap(16 * G, size);
    },
  },
  'a block of 1G': {
    run: (bench, shape) => {
      if (shape.rodata !== 'off' || shape.page !== 4) return;
      bench.map(16 * G, G);
      bench.unmap(16 * G, G);
    },
  },
  'beside boot memory': {
    run: (bench, shape) => {
      bench.map(4 * G, pages(shape, 2));
      bench.unmap(4 * G, pages(shape, 2));
    },
  },
  'the memmap of 128M': {
    run: (bench, shape) => {
      const at = far(shape);
      bench.populate(at, 128 * M);
      bench.quiet();
      bench.depopulate(at, 128 * M);
    },
  },
  'the memmap of 128M, and of 128M beside it': {
    run: (bench, shape) => {
      const at = far(shape);
      bench.populate(at, 128 * M);
      const alone = wordsText(bench.session);
      bench.populate(at + 128 * M, 128 * M);
      bench.depopulate(at + 128 * M, 128 * M);
      if (wordsText(bench.session) !== alone) bench.failures.push('the neighbour is not what it was');
      bench.depopulate(at, 128 * M);
    },
  },
  'the memmap of 2G': {
    large: true,
    run: (bench, shape) => {
      const size = bench.kernel.c.SECTION_SIZE;
      for (let at = far(shape); at < far(shape) + 2 * G; at += size) bench.populate(at, size);
      for (let at = far(shape); at < far(shape) + 2 * G; at += size) bench.depopulate(at, size);
    },
  },
  'an entry of each level that is not present': {
    exact: true,
    run: (bench, shape) => {
      const { t } = bench.kernel.c;
      for (const depth of t.name.keys()) {
        bench.map(16 * G, pages(shape, 2));
        bench.spoil(16 * G, depth);
        bench.unmap(16 * G, pages(shape, 2));
      }
    },
  },
  'tables that are not empty': {
    exact: true,
    run: (bench, shape) => {
      const { kernel: k } = bench;
      const range = [0, pages(shape, 3)].map((at) => phys_to_virt(k.c, 16 * G + at)) as [number, number];
      bench.map(16 * G, pages(shape, 3));
      if (k.free_empty_tables) bench.run(k.free_empty_tables(...range, k.c.PAGE_OFFSET, k.c.PAGE_END));
      // the range of each table reaches beyond this region
      if (k.free_empty_tables) bench.run(k.free_empty_tables(...range, ...range));
      bench.unmap(16 * G, pages(shape, 3));
    },
  },
  'what is not asked for': {
    exact: true,
    run: (bench, shape) => {
      const { kernel: k } = bench;
      const at = phys_to_virt(k.c, 16 * G);
      const none: vmem_altmap = { base_pfn: 0, reserve: 0, free: 0, align: 0, alloc: 0 };
      // pages that the linear map does not own, and struct pages of no memory
      if (k.unmap_hotplug_range) bench.run(k.unmap_hotplug_range(at, at + pages(shape, 1), false, none));
      bench.run(k.vmemmap_free(at, at + pages(shape, 1), null));
      // a contiguous group, of which the memmap has none
      const group = contEntries(k.c.t, k.c.t.levels - 1);
      bench.map(16 * G, pages(shape, group));
      if (k.unmap_hotplug_range) bench.run(k.unmap_hotplug_range(at, at + pages(shape, group), true, null));
      const blocks = contEntries(k.c.t, k.c.t.levels - 2) * k.c.PMD_SIZE;
      if (k.unmap_hotplug_range && shape.rodata === 'off' && blocks <= G) {
        bench.map(16 * G, blocks);
        bench.run(k.unmap_hotplug_range(at, at + blocks, true, null));
      }
    },
  },
  'where a leaf would be split': {
    exact: true,
    run: (bench, shape) => {
      const { kernel: k } = bench;
      if (!k.can_unmap_without_split) return;
      const { t, PAGE_SIZE, mappable_range } = k.c;
      bench.map(16 * G, 2 * k.c.PMD_SIZE + pages(shape, 1));
      const sizes = [PAGE_SIZE, ...t.name.map((_, depth) => entrySize(t, depth))];
      for (const from of [16 * G, 64 * G, 2 ** 40, 2 ** 49]) {
        for (const size of sizes.map((unit) => unit / 2 + unit * (unit > PAGE_SIZE ? 1 : 0.5))) {
          if (from + size >= mappable_range.end) continue;
          bench.run(k.can_unmap_without_split(from / PAGE_SIZE, size / PAGE_SIZE));
        }
      }
      bench.unmap(16 * G, 2 * k.c.PMD_SIZE + pages(shape, 1));
    },
  },
  'tables of the memmap with CONFIG_DEBUG_VM': {
    exact: true,
    run: (bench, shape) => {
      bench.debug();
      bench.map(16 * G, pages(shape, 2));
      bench.unmap(16 * G, pages(shape, 2));
      bench.populate(far(shape), 128 * M);
      bench.depopulate(far(shape), 128 * M);
    },
  },
  'the memmap of boot memory': {
    exact: true,
    run: (bench) => {
      const { PAGE_SIZE, PAGES_PER_SECTION } = bench.kernel.c;
      bench.run(bench.kernel.free_map_bootmem((3 * G) / PAGE_SIZE, PAGES_PER_SECTION));
    },
  },
  'the memmap of the last memory that can be mapped': {
    exact: true,
    run: (bench) => comesAndGoes(bench, bench.kernel.c.mappable_range.end - 128 * M),
  },
  'the memmap of memory under the last entry of the root': {
    exact: true,
    run: (bench, shape) => {
      const at = bench.kernel.c.mappable_range.end - 128 * G;
      if (at >= far(shape)) comesAndGoes(bench, at);
    },
  },
  'two memmaps, piece by piece in turn': {
    runs: true,
    run: (bench, shape) => {
      const { PAGE_SIZE, PMD_SIZE } = bench.kernel.c;
      // what one leaf describes
      const piece = ((shape.page === 4 ? PMD_SIZE : PAGE_SIZE) / 64) * PAGE_SIZE;
      const ats = [far(shape), far(shape) + 4 * piece];
      for (let i = 0; i < 4; i++) for (const at of ats) bench.populate(at + i * piece, piece);
      for (const at of ats) bench.depopulate(at, 4 * piece);
    },
  },
  'memory under an entry of the root that is empty at boot': {
    run: (bench, shape) => {
      const at = shape.va_bits === 52 ? 2 ** 49 : 2 ** 40;
      if (at >= bench.kernel.c.mappable_range.end) return;
      for (const nothing of [2 ** 40, at]) bench.unmap(nothing, pages(shape, 2));
      bench.map(at, pages(shape, 2));
      bench.unmap(at, pages(shape, 2));
    },
  },
};
