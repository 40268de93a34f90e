import { regionOf } from '../geometry/layout.ts';
import type { Int64 } from '../ir/read/values.ts';
import { FIX } from '../kernel/arch/arm64/include/asm/fixmap.ts';
import { type Config, SIZEOF_STRUCT_PAGE } from '../kernel/config.ts';
import type { EntryPointer } from '../kernel/mmu.ts';
import { fix_to_ptr } from '../kernel/mmu.ts';
import { phys_to_virt, SECTION_NR_TO_ROOT } from '../kernel/pfn.ts';
import type { SourceProgram } from './program.ts';
import { BadBundle } from './stop.ts';
import { equal, numberOf, wordOf, ZERO } from './values.ts';

/** The thing of the model that lies at an address of the kernel's C. */
export type Place =
  /** Memory in the linear map, the kernel's root table, or the page behind a slot of the fixmap. */
  | { readonly kind: 'memory'; readonly p: EntryPointer }
  | { readonly kind: 'struct page'; readonly pfn: number; readonly offset: number }
  /** A variable of the kernel's image, by its name. */
  | { readonly kind: 'variable'; readonly name: string; readonly offset: number; readonly constant: boolean }
  /** An object that the model passed as an argument, by its number. */
  | { readonly kind: 'object'; readonly number: number; readonly offset: number }
  /** mem_section[root]. */
  | { readonly kind: 'section root'; readonly root: number }
  /** A struct mem_section. */
  | { readonly kind: 'section'; readonly nr: number; readonly offset: number }
  /** The struct mem_section_usage to which a section points. */
  | { readonly kind: 'usage'; readonly nr: number; readonly offset: number }
  /** The struct page of the page that holds a usage. */
  | { readonly kind: 'page of usage'; readonly nr: number; readonly offset: number }
  /** A struct zone, by its index in the C. */
  | { readonly kind: 'zone'; readonly nid: number; readonly index: number; readonly offset: number }
  /** A struct pglist_data, besides its zones. */
  | { readonly kind: 'node'; readonly nid: number; readonly offset: number }
  /** node_data[nid]. */
  | { readonly kind: 'node pointer'; readonly nid: number }
  | { readonly kind: 'nothing' };

/** Bytes at which an object may be; no object is larger. */
export const OBJECT_SIZE = 0x10000;

/**
 * Sections lie above the image, by their distance from where it begins. Each usage has a page of its own, as those of
 * boot are in pages that are reserved and the others are not.
 */
const SECTIONS = { structs: 2 ** 32, roots: 2 * 2 ** 32, fresh: 2 * 2 ** 32 + 2 ** 30, usages: 3 * 2 ** 32 };
/** Nodes lie below the usages, and memory groups above the nodes: only pointers to these are known. */
const NODES = { structs: 2 * 2 ** 32 + 2 ** 31, size: 2 ** 20 };
const GROUPS = { structs: 2 * 2 ** 32 + 3 * 2 ** 30, size: 2 ** 8 };
/** Sections of 128M in 48 bits. */
const MOST_USAGES = 2 ** 21;

/** What the slab allocator has given for sections and nothing points to yet. */
export type FreshObject = { readonly fresh: 'usage' } | { readonly fresh: 'root'; readonly nid: number };

/** The enumerators of zones by their names in /proc/zoneinfo. */
const ZONES: Readonly<Record<string, string>> = {
  DMA: 'ZONE_DMA',
  DMA32: 'ZONE_DMA32',
  Normal: 'ZONE_NORMAL',
  Movable: 'ZONE_MOVABLE',
  Device: 'ZONE_DEVICE',
};

/** The enumerators of the slots through which tables are written. */
const SLOTS = { FIX_PTE: FIX.PTE, FIX_PMD: FIX.PMD, FIX_PUD: FIX.PUD, FIX_P4D: FIX.P4D } as const;

/** Addresses of the kernel's C on a machine: constants of its build and its configuration. */
export class Addresses {
  readonly #c: Config;
  readonly #program: SourceProgram;
  readonly #fixmapTop: number = 0;
  /** Slots of the fixmap by their index: the slot of the model, or 'root' for FIX_PGD. */
  readonly #slots = new Map<number, number | 'root'>();
  #zones: readonly number[] | undefined;

  constructor(c: Config, program: SourceProgram) {
    this.#c = c;
    this.#program = program;
    // x86-64 writes tables through the linear map alone
    if (c.arch !== 'arm64') return;
    const fixmap = regionOf(c.layout, 'fixmap');
    if (!fixmap) throw new BadBundle(`the layout ${c.layout.name} has no fixmap`);
    this.#fixmapTop = fixmap.end;
    for (const [name, slot] of Object.entries(SLOTS)) {
      const index = program.enumeratorIfAny(name);
      if (index !== undefined) this.#slots.set(index, slot);
    }
    const root = program.enumeratorIfAny('FIX_PGD');
    if (root !== undefined) this.#slots.set(root, 'root');
  }

  /** The pointer of C to an entry of a page table. */
  ofEntry(p: EntryPointer): Int64 {
    const { swapper_pg_dir, PAGE_SIZE } = this.#c;
    if (p >= swapper_pg_dir && p < swapper_pg_dir + PAGE_SIZE) {
      const { lo, hi } = this.#program.root;
      return { lo: lo + (p - swapper_pg_dir), hi };
    }
    return wordOf(phys_to_virt(this.#c, p));
  }

  ofObject(number: number): Int64 {
    const { lo, hi } = this.#program.imageAddress('objects');
    return { lo: lo + number * OBJECT_SIZE, hi };
  }

  ofPage(pfn: number): Int64 {
    const { VMEMMAP_START, mappable_range, PAGE_SIZE } = this.#c;
    return wordOf(VMEMMAP_START + (pfn - mappable_range.start / PAGE_SIZE) * SIZEOF_STRUCT_PAGE);
  }

  /** mem_section[0]. */
  get sectionRoots(): Int64 {
    return this.#above(SECTIONS.roots);
  }

  /** The sections of a root. */
  ofSectionRoot(root: number): Int64 {
    return this.#above(SECTIONS.structs + root * this.#c.PAGE_SIZE);
  }

  ofSection(nr: number): Int64 {
    const inRoot = nr % this.#c.SECTIONS_PER_ROOT;
    const { lo, hi } = this.ofSectionRoot(SECTION_NR_TO_ROOT(this.#c, nr));
    return { lo: lo + inRoot * this.#program.struct('mem_section').size, hi };
  }

  /** @throws BadBundle for a section that is further up than those that have addresses here */
  ofUsage(nr: number): Int64 {
    if (nr >= MOST_USAGES) throw new BadBundle(`section ${nr} is too high for the kernel's own C`);
    return this.#above(SECTIONS.usages + nr * this.#c.PAGE_SIZE);
  }

  ofFresh(object: FreshObject): Int64 {
    const n = object.fresh === 'usage' ? 0 : 1 + object.nid;
    return this.#above(SECTIONS.fresh + n * this.#c.PAGE_SIZE);
  }

  /** The object at an address that {@link ofFresh} gave. */
  freshAt(at: Int64): FreshObject | undefined {
    const n = (numberOf(at) - this.#base - SECTIONS.fresh) / this.#c.PAGE_SIZE;
    if (!Number.isInteger(n) || n < 0 || n > this.#c.MAX_NUMNODES) return undefined;
    return n === 0 ? { fresh: 'usage' } : { fresh: 'root', nid: n - 1 };
  }

  /** The index in C of each zone of the model. @throws BadBundle if the bundle's kernel does not have one */
  get zoneIndexes(): readonly number[] {
    this.#zones ??= this.#c.zones.map((name) => this.#program.enumerator(ZONES[name] ?? name));
    return this.#zones;
  }

  ofNode(nid: number): Int64 {
    return this.#above(NODES.structs + nid * NODES.size);
  }

  /** The node and the index in the model of a zone at a pointer. */
  zoneAt(at: Int64): { readonly nid: number; readonly zone: number } | undefined {
    const place = this.place(at);
    if (place.kind !== 'zone' || place.offset !== 0) return undefined;
    const zone = this.zoneIndexes.indexOf(place.index);
    return zone < 0 ? undefined : { nid: place.nid, zone };
  }

  /** The struct zone of a zone of the model, by node and index there. */
  ofZone(nid: number, zone: number): Int64 {
    const { lo, hi } = this.ofNode(nid);
    const { offset } = this.#program.member('pglist_data', 'node_zones');
    return { lo: lo + offset + this.zoneIndexes[zone]! * this.#program.struct('zone').size, hi };
  }

  /** The struct memory_group of a group of the model, of which 0 is none. */
  ofGroup(group: number): Int64 {
    return group === 0 ? ZERO : this.#above(GROUPS.structs + group * GROUPS.size);
  }

  /** The group at an address that {@link ofGroup} gave. */
  groupAt(at: Int64): number {
    return equal(at, ZERO) ? 0 : (numberOf(at) - this.#base - GROUPS.structs) / GROUPS.size;
  }

  /** Where the image begins. */
  get #base(): number {
    return this.#program.half * 2 ** 32;
  }

  #above(distance: number): Int64 {
    return wordOf(this.#base + distance);
  }

  /** The slot that an entry of the fixmap's own table describes: a slot of the model, 'root', or undefined. */
  slotOfEntry(index: number): number | 'root' | undefined {
    const { PAGE_SIZE } = this.#c;
    const entries = PAGE_SIZE / 8;
    for (const [slot, of] of this.#slots) {
      const page = this.#fixmapTop / PAGE_SIZE - slot;
      if (((page % entries) + entries) % entries === index) return of;
    }
    return undefined;
  }

  /** Whether an address belongs to a slot of the fixmap, whose own entries are not modelled. */
  isFixmap(address: number): boolean {
    return this.#slotAt(address) !== undefined;
  }

  place(at: Int64): Place {
    const c = this.#c;
    const address = numberOf(at);
    if (address >= c.PAGE_OFFSET && address < c.PAGE_END)
      return { kind: 'memory', p: address - phys_to_virt(c, 0) };
    if (address >= c.VMEMMAP_START && address < c.VMEMMAP_END) {
      const offset = address - c.VMEMMAP_START;
      const nr = Math.floor(offset / SIZEOF_STRUCT_PAGE);
      const pfn = nr + c.mappable_range.start / c.PAGE_SIZE;
      return { kind: 'struct page', pfn, offset: offset - nr * SIZEOF_STRUCT_PAGE };
    }
    const slot = this.#slotAt(address);
    if (slot !== undefined) {
      const base = slot === 'root' ? c.swapper_pg_dir : fix_to_ptr(slot);
      return { kind: 'memory', p: base + (((address % c.PAGE_SIZE) + c.PAGE_SIZE) % c.PAGE_SIZE) };
    }
    return this.#imagePlace(at) ?? this.#sectionPlace(address);
  }

  #sectionPlace(address: number): Place {
    const { PAGE_SIZE, VMEMMAP_START, PAGE_OFFSET } = this.#c;
    const distance = address - this.#base;
    const usages = SECTIONS.usages + MOST_USAGES * PAGE_SIZE;
    if (distance >= SECTIONS.usages && distance < usages) {
      const nr = Math.floor((distance - SECTIONS.usages) / PAGE_SIZE);
      return { kind: 'usage', nr, offset: (distance - SECTIONS.usages) % PAGE_SIZE };
    }
    if (distance >= NODES.structs && distance < NODES.structs + this.#c.MAX_NUMNODES * NODES.size)
      return this.#inNode(distance - NODES.structs);
    if (distance >= SECTIONS.roots && distance < SECTIONS.fresh)
      return distance % 8 === 0
        ? { kind: 'section root', root: (distance - SECTIONS.roots) / 8 }
        : { kind: 'nothing' };
    if (distance >= SECTIONS.structs && distance < SECTIONS.roots) {
      const { size } = this.#program.struct('mem_section');
      const at = distance - SECTIONS.structs;
      return { kind: 'section', nr: Math.floor(at / size), offset: at % size };
    }
    // virt_to_page(): as if the linear map went on
    const page = (address - VMEMMAP_START) / SIZEOF_STRUCT_PAGE;
    const of = PAGE_OFFSET + Math.floor(page) * PAGE_SIZE - this.#base;
    if (of >= SECTIONS.usages && of < usages)
      return {
        kind: 'page of usage',
        nr: Math.floor((of - SECTIONS.usages) / PAGE_SIZE),
        offset: (page % 1) * SIZEOF_STRUCT_PAGE,
      };
    return { kind: 'nothing' };
  }

  #inNode(distance: number): Place {
    const nid = Math.floor(distance / NODES.size);
    const offset = distance % NODES.size;
    const zones = this.#program.member('pglist_data', 'node_zones');
    const { size } = this.#program.struct('zone');
    const inZones = offset - zones.offset;
    if (inZones < 0 || inZones >= zones.size) return { kind: 'node', nid, offset };
    return { kind: 'zone', nid, index: Math.floor(inZones / size), offset: inZones % size };
  }

  #imagePlace(at: Int64): Place | undefined {
    const { root, ir, half } = this.#program;
    if (at.hi !== half) return undefined;
    const inRoot = (at.lo >>> 0) - (root.lo >>> 0);
    if (inRoot >= 0 && inRoot < this.#c.PAGE_SIZE)
      return { kind: 'memory', p: this.#c.swapper_pg_dir + inRoot };
    const inObjects = (at.lo >>> 0) - this.#program.imageAddress('objects').lo;
    if (inObjects >= 0 && inObjects < 0x10000000) {
      const number = Math.floor(inObjects / OBJECT_SIZE);
      return { kind: 'object', number, offset: inObjects - number * OBJECT_SIZE };
    }
    const inNodes = (at.lo >>> 0) - this.#program.imageAddress('nodes').lo;
    if (inNodes >= 0 && inNodes < this.#c.MAX_NUMNODES * 8 && inNodes % 8 === 0)
      return { kind: 'node pointer', nid: inNodes / 8 };
    const found = ir.variableAt(at.lo, at.hi);
    if (!found) return { kind: 'nothing' };
    const { symbol } = found;
    return {
      kind: 'variable',
      name: symbol.name,
      offset: (at.lo >>> 0) - (found.at.lo >>> 0),
      constant: symbol.kind === 'variable' && symbol.global.constant,
    };
  }

  #slotAt(address: number): number | 'root' | undefined {
    if (address >= this.#fixmapTop || address < this.#fixmapTop - 2 ** 32) return undefined;
    const page = Math.floor(address / this.#c.PAGE_SIZE);
    return this.#slots.get(this.#fixmapTop / this.#c.PAGE_SIZE - page);
  }
}
