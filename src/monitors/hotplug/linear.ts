import { entrySize, vaText } from '../../geometry/translation.ts';
import type { Mmu } from '../../hardware/index.ts';
import { leaves } from '../../hardware/walks/walk.ts';
import type { Config } from '../../kernel/config.ts';
import { leaf_address } from '../../kernel/include/linux/pgtable.ts';
import { MEMBLOCK_NOMAP } from '../../kernel/mm/memblock/memblock.ts';
import { phys_to_virt } from '../../kernel/pfn.ts';
import { MEMBLOCK_MEMORY, SECTION_HAS_MEM_MAP, SECTION_IS_EARLY, type State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { broken } from './broken.ts';
import { activeSpans } from './sections.ts';
import { merged, missing, type ZoneSpan } from './spans.ts';

/**
 * The linear map maps all memory that has a section, at its linear address, and no other memory. Private device memory
 * is not mapped. Of boot memory it maps what memblock contains and does not mark NOMAP.
 */
export function checkLinear(state: State, c: Config): Failure[] {
  if (!state.mmu) return [];
  const found: Failure[] = [];
  const mapped: ZoneSpan[] = [];
  for (const leaf of leaves(state.mmu, c.PAGE_OFFSET, c.PAGE_END)) {
    const phys = leaf_address(c, leaf);
    const shifted = leaf.n > 1 && leaf.stride !== entrySize(c.t, leaf.depth);
    if (phys_to_virt(c, phys) !== leaf.start || shifted) {
      found.push(
        broken(
          'linear',
          'other memory',
          { va: leaf.start, pa: phys },
          `${vaText(leaf.start)} maps 0x${phys.toString(16)}`,
        ),
      );
    }
    mapped.push({ start: phys, end: phys + leaf.end - leaf.start });
  }
  const sections = sectionSpans(state, c);
  const there = merged(mapped);
  const covered = merged([...mapped, ...privateMemory(state, c)]);
  for (const span of missing(merged(wanted(state, c, sections)), covered)) {
    found.push(broken('linear', 'not mapped', at(span), `${text(span)} has a section and is not mapped`));
  }
  for (const span of missing(there, merged(sections.map((s) => s.span)))) {
    found.push(broken('linear', 'no section', at(span), `${text(span)} is mapped and has no section`));
  }
  found.push(...foreign(state.mmu, c));
  return found;
}

interface Section {
  readonly span: ZoneSpan;
  readonly early: boolean;
  readonly nr: number;
}

const at = ({ start, end }: ZoneSpan) => ({ pa: start, size: end - start });

const text = ({ start, end }: ZoneSpan): string => `0x${start.toString(16)}-0x${(end - 1).toString(16)}`;

function sectionSpans(state: State, c: Config): Section[] {
  const found: Section[] = [];
  for (const [nr, { section_mem_map }] of state.mem_section) {
    if (!(section_mem_map & SECTION_HAS_MEM_MAP)) continue;
    const span = { start: nr * c.SECTION_SIZE, end: (nr + 1) * c.SECTION_SIZE };
    found.push({ span, early: (section_mem_map & SECTION_IS_EARLY) !== 0, nr });
  }
  return found;
}

/**
 * Memory that the CPU cannot reach: it has struct pages, and is not mapped (add_pages() alone). v5.2 adds whole sections
 * for it (align_start and align_size of devm_memremap_pages() in kernel/memremap.c).
 */
function privateMemory(state: State, c: Config): ZoneSpan[] {
  const size = c.subsections ? c.PAGE_SIZE : c.SECTION_SIZE;
  return [...state.dev_pagemap.values()]
    .filter(({ type, mapped }) => mapped && type === 'private')
    .map(({ start, end }) => ({
      start: Math.floor(start / size) * size,
      end: Math.ceil((end + 1) / size) * size,
    }));
}

/** The memory that must be mapped. */
function wanted(state: State, c: Config, sections: readonly Section[]): ZoneSpan[] {
  const found: ZoneSpan[] = [];
  const early = merged(sections.filter((s) => s.early).map((s) => s.span));
  for (const { nr, early } of sections) {
    if (early) continue;
    for (const { start, end } of activeSpans(state, c, nr)) {
      found.push({ start: start * c.PAGE_SIZE, end: end * c.PAGE_SIZE });
    }
  }
  let i = 0;
  for (const { base, size, flags } of state.memblock_type.get(MEMBLOCK_MEMORY)!.regions) {
    if (flags & MEMBLOCK_NOMAP) continue;
    const first = Math.ceil(base / c.PAGE_SIZE) * c.PAGE_SIZE;
    const last = Math.floor((base + size) / c.PAGE_SIZE) * c.PAGE_SIZE;
    while (i < early.length && early[i]!.end <= first) i++;
    for (let j = i; j < early.length && early[j]!.start < last; j++) {
      found.push({ start: Math.max(first, early[j]!.start), end: Math.min(last, early[j]!.end) });
    }
  }
  return found.filter(({ start, end }) => end > start);
}

/** Regions in which no memory may be mapped. */
const CLOSED: ReadonlySet<string> = new Set(['bpf', 'modules', 'fixmap', 'pci_io']);

function* foreign(mmu: Mmu, c: Config): Generator<Failure> {
  for (const region of c.layout.regions) {
    if (!CLOSED.has(region.name)) continue;
    for (const leaf of leaves(mmu, region.start, region.end)) {
      const pa = leaf_address(c, leaf);
      yield broken(
        'linear',
        'foreign region',
        { va: leaf.start, region: region.name, pa },
        `${vaText(leaf.start)} of ${region.name} maps 0x${pa.toString(16)}`,
      );
      break;
    }
  }
}
