import type { Config } from '../../kernel/config.ts';
import type { vmem_altmap } from '../../kernel/kernel.ts';
import { MIGRATE, NO_PAGE, page_use, USE } from '../../kernel/mm/page.ts';
import {
  MMOP_ONLINE,
  MMOP_ONLINE_KERNEL,
  MMOP_ONLINE_MOVABLE,
  NO_ZONE,
  SECTION_IS_ONLINE,
  type State,
  zone_idx,
  zone_key,
  zone_to_nid,
} from '../../kernel/state.ts';
import type { Prng } from '../../schedule/data/prng.ts';
import type { Drawn } from './random-operation.ts';
import { G, hex, pick, type Range } from './ranges.ts';

/** Above the machine's memory, near enough that a search for the next page of a zone is short. */
const AREAS = [8 * G, 12 * G];

const MIGRATE_TYPES = [MIGRATE.MOVABLE, MIGRATE.UNMOVABLE, MIGRATE.ISOLATE];

/** Draws operations on zones, and on ranges of pages that are added and removed. */
export class ZoneOperations {
  readonly #random: Prng;
  readonly #c: Config;
  readonly #added: Range[] = [];
  /** Ranges that were to be added with an altmap. */
  readonly #onItself: Range[] = [];
  /** Ranges that were moved to zones. */
  readonly #moved: (Range & { readonly zone: number })[] = [];

  constructor(random: Prng, c: Config) {
    this.#random = random;
    this.#c = c;
  }

  next(state: State): Drawn {
    const draws = [this.#add, this.#add, this.#remove, this.#remove, this.#move, this.#move, this.#move];
    return this.#pick([...draws, this.#leave, this.#leave, this.#leave, this.#zoneFor]).call(this, state);
  }

  #pick<T>(items: readonly T[]): T {
    return pick(this.#random, items);
  }

  /** A zone of either node: those into which memory goes most often. */
  #zone(): number {
    const { ZONE_NORMAL, ZONE_MOVABLE, zones } = this.#c;
    const often = [ZONE_NORMAL, ZONE_NORMAL, ZONE_MOVABLE, ZONE_MOVABLE, ZONE_MOVABLE];
    return zone_key(this.#random.below(2), this.#pick([...often, this.#random.below(zones.length)]));
  }

  #nameOf(zone: number): string {
    return `zone ${this.#c.zones[zone_idx(zone)]} of node ${zone_to_nid(zone)}`;
  }

  /** Sections or sub-sections in one of the areas. */
  #range(): Range {
    const { PAGE_SIZE, PAGES_PER_SECTION, PAGES_PER_SUBSECTION } = this.#c;
    const unit = this.#pick([PAGES_PER_SECTION, PAGES_PER_SECTION, PAGES_PER_SUBSECTION]);
    const area = this.#pick(AREAS) / PAGE_SIZE;
    const section = this.#random.below(6) * PAGES_PER_SECTION;
    const first = unit === PAGES_PER_SECTION ? 0 : this.#random.below(PAGES_PER_SECTION / unit) * unit;
    return { start: area + section + first, size: (1 + this.#random.below(3)) * unit };
  }

  #add(): Drawn {
    const { pgprot, PAGES_PER_SUBSECTION } = this.#c;
    const { start, size } = this.#range();
    const nid = this.#random.below(2);
    // some ranges that are refused
    const off = this.#random.below(10) === 0 ? 1 + this.#random.below(PAGES_PER_SUBSECTION - 1) : 0;
    const altmap: vmem_altmap | null =
      this.#random.below(4) > 0
        ? null
        : {
            base_pfn: start + this.#pick([0, 0, 0, 1]),
            reserve: this.#random.below(3),
            free: this.#pick([8, 1024, size + 1]),
            align: 0,
            alloc: this.#random.below(3),
          };
    if (off === 0) this.#added.push({ start, size });
    if (altmap) this.#onItself.push({ start, size });
    return {
      fn: '__add_pages',
      text: `__add_pages(node ${nid}, pfn ${hex(start)}, ${hex(size + off)} pages${altmap ? `, altmap ${JSON.stringify(altmap)}` : ''})`,
      call: (k) =>
        k.__add_pages(nid, start, size + off, {
          altmap: altmap && { ...altmap },
          pgmap: 0,
          pgprot: pgprot.MHP,
        }),
    };
  }

  /** What was added, or what may not be there. */
  #remove({ mem_section }: State): Drawn {
    const { PAGES_PER_SECTION, PAGES_PER_SUBSECTION } = this.#c;
    // never a section of which nobody has heard, nor one that is online
    const mayGo = ({ start, size }: Range): boolean => {
      for (let nr = Math.floor(start / PAGES_PER_SECTION); nr * PAGES_PER_SECTION < start + size; nr++)
        if ((mem_section.get(nr)?.section_mem_map ?? SECTION_IS_ONLINE) & SECTION_IS_ONLINE) return false;
      return true;
    };
    const there = this.#added.filter(mayGo);
    const known = there.length > 0 && this.#random.below(4) > 0 ? this.#pick(there) : undefined;
    if (known) this.#added.splice(this.#added.indexOf(known), 1);
    const { start, size } = known ?? this.#range();
    if (!mayGo({ start, size })) return this.#add();
    // memory in itself is reserved, which free_pagetable() of x86-64 takes for memblock's: that stops by name
    const end = start + size;
    if (
      this.#c.arch === 'x86_64' &&
      this.#onItself.some((one) => start < one.start + one.size && one.start < end)
    )
      return this.#add();
    const off = this.#random.below(10) === 0 ? 1 + this.#random.below(PAGES_PER_SUBSECTION - 1) : 0;
    return {
      fn: '__remove_pages',
      text: `__remove_pages(pfn ${hex(start)}, ${hex(size + off)} pages)`,
      call: (k) => k.__remove_pages(start, size + off, null, NO_ZONE),
    };
  }

  /** A range goes to a zone, as online_pages() has it: most often one with struct pages, whose sections are then online. */
  #move({ pages }: State): Drawn {
    const has = ({ start, size }: Range): boolean =>
      pages.first(start, start + size, (page) => page === NO_PAGE) < 0;
    const known = this.#added.filter(has);
    const { start, size } =
      known.length > 0 && this.#random.below(12) > 0 ? this.#pick(known) : this.#range();
    const zone = this.#zone();
    const migratetype = this.#pick(MIGRATE_TYPES);
    const isDevice = zone_idx(zone) === this.#c.ZONE_DEVICE;
    const goesOnline = !isDevice && has({ start, size }) && this.#random.below(8) > 0;
    this.#moved.push({ start, size, zone });
    return {
      fn: 'move_pfn_range_to_zone',
      text: `move_pfn_range_to_zone(${this.#nameOf(zone)}, pfn ${hex(start)}, ${hex(size)} pages, type ${migratetype})${goesOnline ? ', online' : ''}`,
      *call(k) {
        yield* k.move_pfn_range_to_zone(zone, start, size, migratetype);
        if (goesOnline) yield* k.online_mem_sections(start, start + size);
      },
    };
  }

  /** Sections of the upper boot memory that are free: struct pages that leave a zone are poisoned. */
  #freeSections({ pages }: State): Range[] {
    const { PAGES_PER_SECTION, PAGE_SIZE } = this.#c;
    const free: Range[] = [];
    for (let start = (4 * G) / PAGE_SIZE; start < (5 * G) / PAGE_SIZE; start += PAGES_PER_SECTION)
      if (pages.first(start, start + PAGES_PER_SECTION, (page) => page_use(page) !== USE.FREE) < 0)
        free.push({ start, size: PAGES_PER_SECTION });
    return free;
  }

  /** A range leaves its zone, or another than its own; sometimes boot memory does. */
  #leave(state: State): Drawn {
    const { mem_section, zone: zones } = state;
    const { PAGES_PER_SECTION } = this.#c;
    const known = this.#moved.length > 0 && this.#random.below(8) > 0 ? this.#pick(this.#moved) : undefined;
    if (known) this.#moved.splice(this.#moved.indexOf(known), 1);
    const free = !known && this.#random.below(2) === 0 ? this.#freeSections(state) : [];
    const boot = free.length > 0;
    const range = boot ? this.#pick(free) : (known ?? this.#range());
    const zone =
      known && this.#random.below(8) > 0 ? known.zone : boot ? this.#bootZone(zones) : this.#zone();
    const { start, size } = range;
    const end = start + size;
    let present = true;
    for (let pfn = start; pfn < end; pfn += PAGES_PER_SECTION)
      present &&= mem_section.has(Math.floor(pfn / PAGES_PER_SECTION));
    return {
      fn: 'remove_pfn_range_from_zone',
      text: `remove_pfn_range_from_zone(${this.#nameOf(zone)}, pfn ${hex(start)}, ${hex(size)} pages)`,
      *call(k) {
        if (present) yield* k.offline_mem_sections(start, end);
        yield* k.remove_pfn_range_from_zone(zone, start, size);
      },
    };
  }

  /** The zone for a range: in the spans of zones, between them and outside. */
  #zoneFor(): Drawn {
    const { PAGE_SIZE, PAGES_PER_SECTION } = this.#c;
    const boot = this.#random.below(2) === 0;
    const { start, size } = boot
      ? { start: (2 * G) / PAGE_SIZE + this.#random.below(6) * PAGES_PER_SECTION, size: PAGES_PER_SECTION }
      : this.#range();
    const type = this.#pick([MMOP_ONLINE, MMOP_ONLINE, MMOP_ONLINE_KERNEL, MMOP_ONLINE_MOVABLE]);
    const nid = this.#random.below(2);
    return {
      fn: 'zone_for_pfn_range',
      text: `zone_for_pfn_range(type ${type}, node ${nid}, pfn ${hex(start)}, ${hex(size)} pages)`,
      call: (k) => k.zone_for_pfn_range(type, nid, 0, start, size),
    };
  }

  /** Of the upper boot memory. */
  #bootZone(zones: State['zone']): number {
    const pfn = (4 * G) / this.#c.PAGE_SIZE;
    for (const [key, { zone_start_pfn, spanned_pages }] of zones)
      if (zone_to_nid(key) > 0 && pfn >= zone_start_pfn && pfn < zone_start_pfn + spanned_pages) return key;
    return zone_key(1, this.#c.ZONE_NORMAL);
  }
}
