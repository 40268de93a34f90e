import { UserError } from '../../errors/user-error.ts';
import type { AddressSpace } from './address-space.ts';
import type { Btf } from './btf.ts';
import type { Vmcoreinfo } from './vmcoreinfo.ts';

/** The kernel's sections and struct pages, read from outside: kernel/mem_section.txt and kernel/memmap.rle. */

export interface SectionsOf {
  readonly space: AddressSpace;
  readonly info: Vmcoreinfo;
  readonly btf: Btf;
  /** The zones of the build, by number. */
  readonly zones: readonly string[];
  readonly nodes_shift: number;
  /** Bytes. */
  readonly page_size: number;
  readonly vmemmap: bigint;
}

interface Section {
  readonly nr: number;
  readonly map: bigint;
  readonly flags: readonly string[];
  readonly usage: bigint;
  readonly subsection_map: Buffer;
}

/** include/linux/mmzone.h: the bits from 6.1 on have these names in enums; before they are macros with these numbers. */
const FLAGS = ['MARKED_PRESENT', 'HAS_MEM_MAP', 'IS_ONLINE', 'IS_EARLY', 'TAINT_ZONE_DEVICE'] as const;

const SUBSECTION = 2 ** 21;

function need(value: bigint | number | undefined, what: string): number {
  if (value === undefined) throw new UserError(`the kernel does not say ${what}`);
  return Number(value);
}

export function* sections({ space, info, btf }: SectionsOf): Generator<Section> {
  const bits = need(info.number('NUMBER(SECTION_SIZE_BITS)'), 'SECTION_SIZE_BITS');
  const size = need(
    info.number('SIZE(mem_section)') ?? btf.size('mem_section'),
    'the size of struct mem_section',
  );
  const roots = need(info.number('LENGTH(mem_section)'), 'how many roots of sections it has');
  const mapOffset = need(
    info.number('OFFSET(mem_section.section_mem_map)') ?? btf.offset('mem_section', 'section_mem_map'),
    'the layout of struct mem_section',
  );
  const usageOffset = need(btf.offset('mem_section', 'usage'), 'the layout of struct mem_section (no BTF)');
  const bitmap = need(
    btf.offset('mem_section_usage', 'subsection_map'),
    'the layout of struct mem_section_usage (no BTF)',
  );
  // VMCOREINFO_SYMBOL_ARRAY(): the array's own address, not that of the pointer to it
  const table = info.number('SYMBOL(mem_section)') ?? 0n;
  const bytes = Math.max(8, 2 ** bits / SUBSECTION / 8);
  const root = space.read(table, roots * 8);
  // SECTIONS_PER_ROOT: as many as a page has
  const page = need(info.number('PAGESIZE'), 'the page size');
  const perRoot = Math.floor(page / size);
  for (let r = 0; r < roots; r++) {
    const at = root.readBigUInt64LE(r * 8);
    if (at === 0n) continue;
    const all = space.read(at, perRoot * size);
    for (let i = 0; i < perRoot; i++) {
      const map = all.readBigUInt64LE(i * size + mapOffset);
      if ((map & 1n) === 0n) continue;
      const usage = all.readBigUInt64LE(i * size + usageOffset);
      yield {
        nr: r * perRoot + i,
        map,
        flags: FLAGS.filter((_, bit) => (map >> BigInt(bit)) & 1n),
        usage,
        subsection_map: usage === 0n ? Buffer.alloc(bytes) : space.read(usage + BigInt(bitmap), bytes),
      };
    }
  }
}

const bitmapText = (map: Buffer): string => `0x${Buffer.from(map).reverse().toString('hex')}`;

const hex = (n: bigint): string => `0x${n.toString(16)}`;

/** kernel/mem_section.txt */
export function sectionText(all: readonly Section[], pagesPerSection: number): string {
  const lines = all.map(
    ({ nr, map, flags, usage, subsection_map }) =>
      `${nr} 0x${(nr * pagesPerSection).toString(16)} ${hex(map)} ${flags.join('|')} ${hex(usage)} ${bitmapText(subsection_map)}`,
  );
  return ['# section_nr pfn section_mem_map flags usage subsection_map', ...lines, ''].join('\n');
}

/** kernel/memmap.rle */
export function memmapText(of: SectionsOf, all: readonly Section[]): string {
  const { space, info, btf, zones, nodes_shift, vmemmap, page_size } = of;
  const size = need(info.number('SIZE(page)'), 'the size of struct page');
  const flagsAt = need(info.number('OFFSET(page.flags)'), 'the layout of struct page');
  const countAt = need(info.number('OFFSET(page._mapcount)'), 'the layout of struct page');
  const reserved = BigInt(need(btf.enumerator('PG_reserved'), 'PG_reserved (no BTF)'));
  const poison = info.number('NUMBER(PG_hwpoison)') ?? -1n;
  const offline = info.number('NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)');
  const zoneBits = zones.length <= 1 ? 0 : zones.length <= 2 ? 1 : zones.length <= 4 ? 2 : 3;
  const nodeShift = BigInt(64 - nodes_shift);
  const zoneShift = nodeShift - BigInt(zoneBits);
  const zoneMask = (1n << BigInt(zoneBits)) - 1n;
  const isOffline = (type: number): boolean => {
    if (offline === undefined) return false;
    const value = Number(BigInt.asUintN(32, offline));
    // a type in the high byte from 6.12 on, a bit that is clear before
    return value % 2 ** 24 === 0 ? type >>> 24 === value >>> 24 : type === value;
  };
  const about = new Map<bigint, string>();
  const flagText = (word: bigint): string => {
    const text = about.get(word);
    if (text !== undefined) return text;
    const zone = Number((word >> zoneShift) & zoneMask);
    const made = `node=${word >> nodeShift} zone=${zones[zone] ?? `${zone}?`} reserved=${(word >> reserved) & 1n} hwpoison=${poison < 0n ? 0 : (word >> poison) & 1n} `;
    about.set(word, made);
    return made;
  };
  const lines: string[] = ['# pfn count | node zone reserved hwpoison type | pfn_valid-by-subsection_map'];
  let last: { start: number; count: number; text: string } | null = null;
  const put = (pfn: number, count: number, text: string): void => {
    if (last && last.text === text && last.start + last.count === pfn) {
      last.count += count;
      return;
    }
    if (last) lines.push(`0x${last.start.toString(16)} ${last.count} | ${last.text}`);
    last = { start: pfn, count, text };
  };
  const pagesPerSubsection = SUBSECTION / page_size;
  for (const { nr, subsection_map } of all) {
    const count = subsection_map.length * 8;
    const perSection = Math.max(1, count) * pagesPerSubsection;
    for (let s = 0; s < count; s++) {
      const pfn = nr * perSection + s * pagesPerSubsection;
      const valid = (subsection_map[s >> 3]! >> (s & 7)) & 1;
      const chunk = Math.min(pagesPerSubsection, Math.max(1, Math.floor(page_size / size)));
      for (let p = 0; p < pagesPerSubsection; p += chunk) {
        const bytes = space.tryRead(vmemmap + BigInt((pfn + p) * size), chunk * size);
        if (bytes === null) {
          put(pfn + p, chunk, `memmap-not-mapped | valid=${valid}`);
          continue;
        }
        for (let i = 0; i < chunk; i++) {
          const type = bytes.readUInt32LE(i * size + countAt);
          const word = bytes.readBigUInt64LE(i * size + flagsAt);
          put(pfn + p + i, 1, `${flagText(word)}${isOffline(type) ? 'offline ' : ''}| valid=${valid}`);
        }
      }
    }
  }
  if (last) {
    const { start, count, text } = last as { start: number; count: number; text: string };
    lines.push(`0x${start.toString(16)} ${count} | ${text}`);
  }
  return [...lines, ''].join('\n');
}
