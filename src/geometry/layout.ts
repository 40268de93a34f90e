import { UserError } from '../errors/user-error.ts';
import { type Translation, vaText } from './translation.ts';

/** A part of the kernel's half of the address space. */
export interface Region {
  /** linear, vmalloc, vmemmap, modules, … */
  readonly name: string;
  /** The first address, as its distance from 2^64: negative. Exact even below -2^53 (x86-64 with 5 levels). */
  readonly start: number;
  /** The first address after it; 0 stands for 2^64. */
  readonly end: number;
}

/**
 * The layout of the kernel's address space: regions in ascending order without overlap, and the kernel's names for the
 * ends of the three that memory hotplug changes. KASAN is off, no base is randomised.
 */
export interface Layout {
  readonly name: string;
  readonly regions: readonly Region[];
  /** The linear map; PAGE_END 0 stands for 2^64 (v5.2). */
  readonly PAGE_OFFSET: number;
  readonly PAGE_END: number;
  readonly VMALLOC_START: number;
  readonly VMALLOC_END: number;
  readonly VMEMMAP_START: number;
  readonly VMEMMAP_END: number;
}

/** Regions that no kernel can have; the message names them. */
export class BadLayout extends UserError {
  override readonly name = 'BadLayout';
}

/** Bytes of a struct page in every layout. */
export const STRUCT_PAGE_SIZE = 64;

const NEEDED = ['linear', 'vmalloc', 'vmemmap'] as const;

/** A region in the form used by messages. */
const regionText = ({ name, start, end }: Region): string => `${name} (${vaText(start)}-${vaText(end)})`;

/** The region of this name, or undefined. */
export const regionOf = (layout: Layout, name: string): Region | undefined =>
  layout.regions.find((region) => region.name === name);

/**
 * A layout with arbitrary bases: real ones hide some races (docs/campaign.md). The regions linear, vmalloc and vmemmap
 * are required.
 * @param regions in any order
 * @throws BadLayout for regions that overlap, are empty, not whole pages or not in the kernel's half, that occur twice
 * or are missing, and for a vmemmap too small for the linear map
 */
export function customLayout(t: Translation, regions: readonly Region[], name = 'custom'): Layout {
  const sorted = [...regions].sort((a, b) => a.start - b.start);
  for (const region of sorted) checkRegion(t, region);
  for (const [i, region] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before && before.end > region.start)
      throw new BadLayout(`${regionText(before)} and ${regionText(region)} overlap`);
    if (sorted.findIndex((other) => other.name === region.name) !== i)
      throw new BadLayout(`${region.name} appears twice`);
  }
  const [linear, vmalloc, vmemmap] = NEEDED.map((needed) => {
    const region = sorted.find((other) => other.name === needed);
    if (!region) throw new BadLayout(`there is no region ${needed}`);
    return region;
  }) as [Region, Region, Region];
  const memmap = (regionSize(linear) / 2 ** t.page_shift) * STRUCT_PAGE_SIZE;
  if (memmap > regionSize(vmemmap)) {
    throw new BadLayout(
      `${regionText(vmemmap)} is too small for the struct pages of ${regionText(linear)}: 0x${memmap.toString(16)} bytes`,
    );
  }
  return {
    name,
    regions: sorted,
    PAGE_OFFSET: linear.start,
    PAGE_END: linear.end,
    VMALLOC_START: vmalloc.start,
    VMALLOC_END: vmalloc.end,
    VMEMMAP_START: vmemmap.start,
    VMEMMAP_END: vmemmap.end,
  };
}

/** Bytes of a region. */
export const regionSize = (region: Region): number => region.end - region.start;

function checkRegion(t: Translation, region: Region): void {
  const page = 2 ** t.page_shift;
  // arm64 gives the kernel all va_bits (TTBR1), x86-64 the upper half of them
  const lowest = -(2 ** (t.arch === 'arm64' ? t.va_bits : t.va_bits - 1));
  if (!/^[a-z][a-z0-9_]{0,31}$/.test(region.name))
    throw new BadLayout(`${JSON.stringify(region.name)} is not a name for a region`);
  if (!(region.start < region.end)) throw new BadLayout(`${regionText(region)} is empty`);
  if (region.start % page !== 0 || region.end % page !== 0)
    throw new BadLayout(`${regionText(region)} is not whole pages of ${page / 1024}K`);
  if (region.start < lowest || region.end > 0) {
    throw new BadLayout(
      `${regionText(region)} is not canonical: kernel addresses of ${t.va_bits} bits start at ${vaText(lowest)}`,
    );
  }
}
