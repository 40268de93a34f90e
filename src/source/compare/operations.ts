import { depthOf, entrySize } from '../../geometry/translation.ts';
import { isTable } from '../../hardware/descriptor/descriptor.ts';
import { _PAGE_DIRTY, _PAGE_RW } from '../../kernel/arch/x86/include/asm/pgtable_types.ts';
import { MASK_1G, MASK_2M } from '../../kernel/arch/x86/mm/init.ts';
import type { Config } from '../../kernel/config.ts';
import { type EntryPointer, present, READ_ONCE } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { phys_to_virt, vmemmap_of } from '../../kernel/pfn.ts';
import { NO_ZONE, SECTION_HAS_MEM_MAP, type State } from '../../kernel/state.ts';
import type { Prng } from '../../schedule/data/prng.ts';
import type { Steps } from '../../steps/step.ts';
import { sourceFunctions } from '../kernel.ts';
import type { SourceProgram } from '../program.ts';
import { PAGEMAP_SITES, PagemapOperations } from './pagemap-operations.ts';
import type { Drawn, RandomOperation } from './random-operation.ts';
import { drawAltmap, G, hex, pick, type Range } from './ranges.ts';
import { ZoneOperations } from './zone-operations.ts';

/** Above all memory of the machine; close enough that tables are shared. Of those in the linear map some are drawn. */
const AREAS = [64 * G, 64 * G + G / 2, 65 * G, 127 * G, 512 * G, 513 * G];

/** Sections for sparse_add_section(): in one root, and in others. */
const SECTION_AREAS = [320 * G, 321 * G, 2048 * G];

/** Allocations below arch_add_memory(), of which all from one on may fail. */
const ADD_SITES = ['pgtable', 'vmemmap_block'];

/** Allocations of mm/sparse.c. */
const SECTION_SITES = ['mem_section_root', 'mem_section_usage', 'vmemmap_populate'];

/** Whether a section has a memmap. */
const isPresent = ({ mem_section }: State, section: number): boolean =>
  ((mem_section.get(section)?.section_mem_map ?? 0) & SECTION_HAS_MEM_MAP) !== 0;

function* isTableAt(k: Kernel, p: EntryPointer): Steps<boolean> {
  const entry = yield* READ_ONCE(p);
  return present(k.c, entry) && isTable(entry);
}

/** Draws operations on the kernel's tables, most of them sensible, some on ranges that others have mapped. */
export class RandomOperations {
  readonly #random: Prng;
  readonly #c: Config;
  readonly #walks: boolean;
  readonly #sections: boolean;
  readonly #zones: ZoneOperations | undefined;
  readonly #areas: readonly number[];
  readonly #sectionAreas: readonly number[];
  readonly #pagemaps: PagemapOperations | undefined;
  readonly #ioremapUnits: number[];
  readonly #mapped: Range[] = [];
  readonly #populated: Range[] = [];
  readonly #added: Range[] = [];
  readonly #remapped: Range[] = [];
  /** Pages of sections. */
  readonly #activated: Range[] = [];

  constructor(random: Prng, k: Kernel, program: SourceProgram) {
    const functions = sourceFunctions(program);
    const { c } = k;
    this.#random = random;
    this.#c = c;
    // not in a kernel without CONFIG_PTDUMP_DEBUGFS
    this.#walks = functions.includes('ptdump_check_wx');
    this.#sections = functions.includes('sparse_add_section');
    if (functions.includes('move_pfn_range_to_zone')) this.#zones = new ZoneOperations(random, c);
    this.#ioremapUnits = [c.PAGE_SIZE, c.PAGE_SIZE, c.PAGE_SIZE, c.PMD_SIZE, c.PMD_SIZE];
    // page by page a G would take too long
    if (c.arch === 'arm64' && k.arch_ioremap_pud_supported().next().value === true)
      this.#ioremapUnits.push(G);
    const isMappable = (start: number): boolean => start < c.mappable_range.end - 64 * G;
    this.#areas = AREAS.filter(isMappable);
    if (functions.includes('memremap_pages'))
      this.#pagemaps = new PagemapOperations(random, c, program.bundle, isMappable);
    this.#sectionAreas = SECTION_AREAS.filter(isMappable);
  }

  next(state: State): RandomOperation {
    const c = this.#c;
    if (this.#zones && this.#random.below(4) === 0)
      return { ...this.#zones.next(state), failure: this.#failure() };
    if (c.arch === 'x86_64') return this.#nextOfX86(state);
    // page by page a section takes as long as hundreds of other operations: it is drawn less often
    const draws: ((state: State) => Drawn)[] = [
      ...[this.#map, this.#map, this.#map, this.#mapApart, this.#unmap, this.#unmap],
      ...[this.#populate, this.#populate, this.#free, this.#free],
      ...[this.#ioremap, this.#ioremapOver, this.#vmap, this.#vunmap, this.#vunmap, this.#freeTable],
      this.#walks ? this.#ptdump : this.#vmap,
      ...(this.#sections
        ? [this.#addSection, this.#addSection, this.#removeSection, this.#removeSection, this.#pfnValid]
        : []),
      ...this.#ofPagemaps(),
      ...(c.can_set_direct_map && this.#random.below(16) > 0
        ? [this.#map, this.#map]
        : [this.#hotplug, this.#failingAdd]),
    ];
    return { failure: this.#failure(), ...this.#pick(draws).call(this, state) };
  }

  #nextOfX86(state: State): RandomOperation {
    const draws: ((state: State) => Drawn)[] = [
      ...[this.#mapLinear, this.#mapLinear, this.#mapLinear, this.#unmapLinear, this.#unmapLinear],
      ...[this.#populate, this.#populate, this.#free, this.#free, this.#hotplug],
      this.#failingAdd,
      ...[this.#ioremap, this.#ioremapOver, this.#vmap, this.#vunmap, this.#vunmap, this.#freeTable],
      ...this.#ofPagemaps(),
    ];
    return { failure: this.#failure(), ...this.#pick(draws).call(this, state) };
  }

  #ofPagemaps(): ((state: State) => Drawn)[] {
    const pagemaps = this.#pagemaps;
    if (!pagemaps) return [];
    return [() => pagemaps.map(), () => pagemaps.map(), (state) => pagemaps.unmap(state)];
  }

  #pick<T>(items: readonly T[]): T {
    return pick(this.#random, items);
  }

  #failure(): RandomOperation['failure'] {
    if (this.#random.below(6) !== 0) return null;
    const site = this.#pick([
      'pgtable',
      'vmemmap_block',
      ...(this.#sections ? SECTION_SITES : []),
      ...(this.#pagemaps ? PAGEMAP_SITES : []),
    ]);
    return { site, after: this.#random.below(4), times: 1 + this.#random.below(2) };
  }

  /** A range of physical memory of up to some hundred entries of one level. */
  #range(): Range & { readonly unit: number } {
    const { PAGE_SIZE, PMD_SIZE } = this.#c;
    const unit = this.#pick([PAGE_SIZE, PAGE_SIZE, PAGE_SIZE * 16, PMD_SIZE, PMD_SIZE, PMD_SIZE * 16, G]);
    const most = unit === PAGE_SIZE ? this.#pick([4, 40, 600]) : unit < PMD_SIZE ? 16 : unit === G ? 2 : 20;
    const start = this.#pick(this.#areas) + this.#random.below(64) * unit;
    const ragged = this.#random.below(4) === 0 ? this.#random.below(32) * PAGE_SIZE : 0;
    return { start: start + ragged, size: (1 + this.#random.below(most)) * unit, unit };
  }

  #map(): Drawn {
    const c = this.#c;
    const { start, size, unit } = this.#range();
    // pages of large ranges would take too long
    const flags = unit > c.PAGE_SIZE * 16 ? this.#pick([0, 2, 4, 6]) : this.#random.below(8);
    const prot = this.#pick([c.pgprot.MHP, c.pgprot.MHP, c.pgprot.PAGE_KERNEL]);
    this.#mapped.push({ start, size });
    return {
      fn: '__create_pgd_mapping',
      text: `__create_pgd_mapping(phys ${hex(start)}, size ${hex(size)}, prot ${hex(prot)}, flags ${flags})`,
      call: (k) =>
        k.__create_pgd_mapping(
          c.swapper_pg_dir,
          start,
          phys_to_virt(c, start),
          size,
          prot,
          '__pgd_pgtable_alloc',
          flags,
        ),
    };
  }

  /**
   * Physical addresses that are not aligned as the virtual ones are, of which EFI's tables and the image of the kernel
   * have some (by 64K, or by 2M): what the linear map of other memory would be.
   */
  #mapApart(): Drawn {
    const c = this.#c;
    const { start, size, unit } = this.#range();
    const flags = this.#pick([0, 0, 4]);
    const apart = (1 + this.#random.below(31)) * this.#pick([c.PAGE_SIZE, 16 * c.PAGE_SIZE, c.PMD_SIZE]);
    // page by page gigabytes would take too long
    const short = unit > 16 * c.PAGE_SIZE ? c.PMD_SIZE * (1 + this.#random.below(2)) : size;
    const [phys, virt] = [start + apart, phys_to_virt(c, start)];
    this.#mapped.push({ start, size: short });
    return {
      fn: '__create_pgd_mapping',
      text: `__create_pgd_mapping(phys ${hex(phys)}, at the linear address of ${hex(start)}, size ${hex(short)}, flags ${flags})`,
      call: (k) =>
        k.__create_pgd_mapping(
          c.swapper_pg_dir,
          phys,
          virt,
          short,
          c.pgprot.MHP,
          '__pgd_pgtable_alloc',
          flags,
        ),
    };
  }

  /** A range of the linear map of x86-64: the sizes of leaves as init_memory_mapping() chooses them, or any. */
  #mapLinear(): Drawn {
    const c = this.#c;
    const { start, size, unit } = this.#range();
    this.#mapped.push({ start, size });
    const prot = this.#pick([c.pgprot.MHP, c.pgprot.MHP, c.pgprot.PAGE_KERNEL & ~(_PAGE_RW | _PAGE_DIRTY)]);
    // whole gigabytes page by page would take too long
    const masks = unit === G ? [MASK_2M, MASK_2M | MASK_1G] : [0, MASK_2M, MASK_2M | MASK_1G];
    const mask = size > 64 * c.PMD_SIZE ? this.#pick(masks.slice(-2)) : this.#pick(masks);
    const range = `${hex(start)}, ${hex(start + size)}`;
    if (this.#random.below(2) === 0)
      return {
        fn: 'init_memory_mapping',
        text: `init_memory_mapping(${range}, ${hex(prot)})`,
        call: (k) => k.init_memory_mapping(start, start + size, prot),
      };
    return {
      fn: 'kernel_physical_mapping_init',
      text: `kernel_physical_mapping_init(${range}, mask ${mask}, ${hex(prot)})`,
      call: (k) => k.kernel_physical_mapping_init(start, start + size, mask, prot),
    };
  }

  #unmapLinear(): Drawn {
    const { start, size } = this.#partOf(this.#mapped, this.#c.PAGE_SIZE) ?? this.#range();
    return {
      fn: 'kernel_physical_mapping_remove',
      text: `kernel_physical_mapping_remove(${hex(start)}, ${hex(start + size)})`,
      call: (k) => k.kernel_physical_mapping_remove(start, start + size),
    };
  }

  /** One of the ranges, or a part of one. */
  #partOf(ranges: Range[], unit: number): Range | undefined {
    const known = ranges.length > 0 ? this.#pick(ranges) : undefined;
    if (!known) return undefined;
    const n = Math.ceil(known.size / unit);
    if (n === 1 || this.#random.below(3) > 0) {
      ranges.splice(ranges.indexOf(known), 1);
      return known;
    }
    const first = this.#random.below(n);
    const start = known.start + first * unit;
    const size = Math.min((1 + this.#random.below(n - first)) * unit, known.start + known.size - start);
    return { start, size };
  }

  #unmap(): Drawn {
    const { start, size } = this.#partOf(this.#mapped, this.#c.PAGE_SIZE) ?? this.#range();
    return {
      fn: '__remove_pgd_mapping',
      text: `__remove_pgd_mapping(phys ${hex(start)}, size ${hex(size)})`,
      call: (k) => k.__remove_pgd_mapping(phys_to_virt(this.#c, start), size),
    };
  }

  /** Pages whose struct pages are mapped: whole sections, or sub-sections. */
  #pages(): Range {
    const { PAGE_SIZE, PAGES_PER_SECTION, PAGES_PER_SUBSECTION } = this.#c;
    const unit = this.#pick([PAGES_PER_SECTION, PAGES_PER_SUBSECTION]);
    const start = this.#pick(this.#areas) / PAGE_SIZE + this.#random.below(24) * unit;
    return { start, size: unit * (1 + this.#random.below(3)) };
  }

  #populate(): Drawn {
    const { start, size } = this.#pages();
    const nid = this.#random.below(2);
    const altmap = drawAltmap(this.#random, start);
    this.#populated.push({ start, size });
    const [from, to] = [vmemmap_of(this.#c, start), vmemmap_of(this.#c, start + size)];
    return {
      fn: 'vmemmap_populate',
      text: `vmemmap_populate(pfn ${hex(start)}, ${hex(size)} pages, node ${nid}${altmap ? `, altmap ${JSON.stringify(altmap)}` : ''})`,
      call: (k) => k.vmemmap_populate(from, to, nid, altmap && { ...altmap }),
    };
  }

  #free(): Drawn {
    const { start, size } = this.#partOf(this.#populated, this.#c.PAGES_PER_SUBSECTION) ?? this.#pages();
    const altmap = this.#random.below(4) === 0 ? drawAltmap(this.#random, start) : null;
    const [from, to] = [vmemmap_of(this.#c, start), vmemmap_of(this.#c, start + size)];
    return {
      fn: 'vmemmap_free',
      text: `vmemmap_free(pfn ${hex(start)}, ${hex(size)} pages${altmap ? ', altmap' : ''})`,
      call: (k) => k.vmemmap_free(from, to, altmap && { ...altmap }),
    };
  }

  /** Device memory in the vmalloc area, by pages and blocks. */
  #ioremap(): Drawn {
    const { PAGE_SIZE, layout } = this.#c;
    const unit = this.#pick(this.#ioremapUnits);
    const base = Math.ceil(layout.VMALLOC_START / G) * G;
    const start = base + this.#random.below(3) * G + this.#random.below(unit === G ? 2 : 40) * unit;
    return this.#ioremapAt(start, unit, unit === PAGE_SIZE ? 40 : 3);
  }

  /** A block in the place of what is mapped there, or of its tables. */
  #ioremapOver(): Drawn {
    if (this.#remapped.length === 0) return this.#ioremap();
    const unit = this.#pick(this.#ioremapUnits.filter((one) => one > this.#c.PAGE_SIZE));
    return this.#ioremapAt(Math.floor(this.#pick(this.#remapped).start / unit) * unit, unit, 1);
  }

  #ioremapAt(start: number, unit: number, most: number): Drawn {
    const { PAGE_SIZE, PMD_SIZE, pgprot } = this.#c;
    const size = (1 + this.#random.below(unit === G ? 1 : most)) * unit;
    const phys =
      2 ** 35 + this.#random.below(64) * (unit === G ? G : this.#pick([PAGE_SIZE, PMD_SIZE, PMD_SIZE]));
    this.#remapped.push({ start, size });
    return {
      fn: 'ioremap_page_range',
      text: `ioremap_page_range(${hex(start)}, size ${hex(size)}, phys ${hex(phys)})`,
      call: (k) => k.ioremap_page_range(start, start + size, phys, pgprot.PAGE_KERNEL),
    };
  }

  /** Pages of the machine's memory, in any order. */
  #vmap(): Drawn {
    const { PAGE_SIZE, layout, pgprot } = this.#c;
    const base = Math.ceil(layout.VMALLOC_START / G) * G;
    const start = base + this.#random.below(3) * G + this.#random.below(1200) * PAGE_SIZE;
    const pages = Array.from(
      { length: 1 + this.#random.below(40) },
      () => (G + this.#random.below(2 ** 16) * 4096 * 8) / PAGE_SIZE,
    ).map(Math.floor);
    const end = start + pages.length * PAGE_SIZE;
    this.#remapped.push({ start, size: end - start });
    return {
      fn: 'vmap_page_range',
      text: `vmap_page_range(${hex(start)}, ${pages.length} pages)`,
      call: (k) => k.vmap_page_range(start, end, pgprot.PAGE_KERNEL, pages),
    };
  }

  /** The table below an entry of the vmalloc area, of PTEs or of PMDs, if there is one. */
  #freeTable(): Drawn {
    const known = this.#remapped.length > 0 ? this.#pick(this.#remapped) : undefined;
    if (!known) return this.#ioremap();
    const fn = this.#random.below(3) > 0 ? 'pmd_free_pte_page' : 'pud_free_pmd_page';
    const { t } = this.#c;
    const size = entrySize(t, depthOf(t, fn === 'pmd_free_pte_page' ? 'PMD' : 'PUD'));
    const start = Math.floor(known.start / size) * size;
    return {
      fn,
      text: `${fn}(${hex(start)})`,
      *call(k) {
        const p4dp = yield* k.p4d_offset(yield* k.pgd_offset_k(start), start);
        if (!(yield* isTableAt(k, p4dp))) return true;
        const pudp = yield* k.pud_offset(p4dp, start);
        if (!(yield* isTableAt(k, pudp))) return true;
        if (fn === 'pud_free_pmd_page') return yield* k.pud_free_pmd_page(pudp, start);
        return yield* k.pmd_free_pte_page(yield* k.pmd_offset(pudp, start), start);
      },
    };
  }

  /** A walk of what is mapped, or of gigabytes without a table. */
  #ptdump(): Drawn {
    const c = this.#c;
    const inLinearMap = (range: Range): Range => ({ ...range, start: phys_to_virt(c, range.start) });
    const known = this.#random.below(4) > 0 ? [...this.#mapped.map(inLinearMap), ...this.#remapped] : [];
    const { start, size } =
      known.length > 0
        ? this.#pick(known)
        : inLinearMap({
            start: (256 + this.#random.below(32)) * G,
            size: G / 2 + this.#random.below(200) * G,
          });
    const from = start - this.#random.below(4) * c.PAGE_SIZE;
    // a table entry by entry
    const pages = known.length > 0 ? Math.min(size / c.PAGE_SIZE, 1024) : size / c.PAGE_SIZE;
    const to = from + Math.max(1, pages) * c.PAGE_SIZE;
    return {
      fn: 'ptdump_check_wx',
      text: `ptdump_check_wx(${hex(from)}, ${hex(to)})`,
      // in C nothing is returned before v6.12
      *call(k) {
        yield* k.ptdump_check_wx(from, to);
      },
    };
  }

  /** A part of one section, or all of it; of boot memory sometimes, whose upper node is taken. */
  #partOfSection(): Range {
    const { PAGE_SIZE, PAGES_PER_SECTION, PAGES_PER_SUBSECTION } = this.#c;
    const boot = this.#random.below(8) === 0;
    const area = (boot ? 4 * G : this.#pick(this.#sectionAreas)) / PAGE_SIZE;
    const section = area + this.#random.below(boot ? 4 : 2) * PAGES_PER_SECTION;
    if (this.#random.below(3) === 0) return { start: section, size: PAGES_PER_SECTION };
    const n = PAGES_PER_SECTION / PAGES_PER_SUBSECTION;
    const first = this.#random.below(n);
    const size = (1 + this.#random.below(Math.min(n - first, this.#pick([2, 8, n])))) * PAGES_PER_SUBSECTION;
    return { start: section + first * PAGES_PER_SUBSECTION, size };
  }

  #addSection(): Drawn {
    const { start, size } = this.#partOfSection();
    const nid = this.#random.below(2);
    const altmap = drawAltmap(this.#random, start);
    this.#activated.push({ start, size });
    return {
      fn: 'sparse_add_section',
      text: `sparse_add_section(node ${nid}, pfn ${hex(start)}, ${hex(size)} pages${altmap ? `, altmap ${JSON.stringify(altmap)}` : ''})`,
      call: (k) => k.sparse_add_section(nid, start, size, altmap && { ...altmap }),
    };
  }

  /** What was added, whole or in part, or what may not be there; never in a section of which nobody has heard. */
  #removeSection({ mem_section }: State): Drawn {
    const { PAGES_PER_SECTION, PAGES_PER_SUBSECTION } = this.#c;
    const known = this.#random.below(4) > 0 ? this.#partOf(this.#activated, PAGES_PER_SUBSECTION) : undefined;
    const { start, size } = known ?? this.#partOfSection();
    if (!mem_section.has(Math.floor(start / PAGES_PER_SECTION))) return this.#addSection();
    const altmap = this.#random.below(4) === 0 ? drawAltmap(this.#random, start) : null;
    return {
      fn: 'sparse_remove_section',
      text: `sparse_remove_section(pfn ${hex(start)}, ${hex(size)} pages${altmap ? ', altmap' : ''})`,
      // which looks whether the section is valid; since v6.6 sparse_remove_section() does it
      call: (k) => k.__remove_section(start, size, altmap && { ...altmap }, NO_ZONE),
    };
  }

  /** Of any pfn that the physical address bits have: of others the C knows before it locks, the model after. */
  #pfnValid(): Drawn {
    const { PAGE_SIZE, PAGES_PER_SUBSECTION, MAX_PHYSMEM_BITS } = this.#c;
    const { start, size } =
      this.#activated.length > 0 && this.#random.below(2) === 0
        ? this.#pick(this.#activated)
        : this.#random.below(4) === 0
          ? { start: this.#random.below(2 ** (MAX_PHYSMEM_BITS - 30)) * (G / PAGE_SIZE), size: G / PAGE_SIZE }
          : this.#partOfSection();
    const pfn =
      Math.max(0, start - PAGES_PER_SUBSECTION) + this.#random.below(size + 2 * PAGES_PER_SUBSECTION);
    return {
      fn: 'pfn_valid',
      text: `pfn_valid(${hex(pfn)})`,
      *call(k) {
        return (yield* k.pfn_valid(pfn)) ? 1 : 0;
      },
    };
  }

  #vunmap(): Drawn {
    const known = this.#partOf(this.#remapped, this.#c.PAGE_SIZE);
    if (!known) return this.#ioremap();
    const { start, size } = known;
    return {
      fn: 'vunmap_page_range',
      text: `vunmap_page_range(${hex(start)}, size ${hex(size)})`,
      call: (k) => k.vunmap_page_range(start, start + size),
    };
  }

  /** A section of memory that is added or removed below the drivers: arch_add_memory(), arch_remove_memory(). */
  #hotplug(state: State): Drawn {
    const c = this.#c;
    // an add may have failed
    const there = this.#added.filter(({ start: at }) => isPresent(state, at / c.SECTION_SIZE));
    const known =
      there.length > 4 || (there.length > 0 && this.#random.below(2) === 0) ? this.#pick(there) : undefined;
    if (known) {
      this.#added.splice(this.#added.indexOf(known), 1);
      return {
        fn: 'arch_remove_memory',
        text: `arch_remove_memory(${hex(known.start)}, ${hex(known.size)})`,
        call: (k) => k.arch_remove_memory(known.start, known.size, null),
      };
    }
    return this.#add(state);
  }

  #add(state: State): Drawn {
    const { SECTION_SIZE: size, pgprot } = this.#c;
    const start = this.#pick(this.#areas) + (32 + this.#random.below(16)) * size;
    if (!isPresent(state, start / size)) this.#added.push({ start, size });
    const nid = this.#random.below(2);
    return {
      fn: 'arch_add_memory',
      text: `arch_add_memory(node ${nid}, ${hex(start)}, ${hex(size)})`,
      call: (k) => k.arch_add_memory(nid, start, size, { altmap: null, pgmap: 0, pgprot: pgprot.MHP }),
    };
  }

  /** From one allocation on all fail, of one purpose. */
  #failingAdd(state: State): Drawn {
    const site = this.#pick([...ADD_SITES, ...(this.#sections ? SECTION_SITES : [])]);
    return { ...this.#add(state), failure: { site, after: this.#pick([0, 0, 0, 1, 2, 5]), times: 2 ** 20 } };
  }
}
