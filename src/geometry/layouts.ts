import { customLayout, type Layout, type Region, STRUCT_PAGE_SIZE } from './layout.ts';
import { NoSuchGeometry, type Translation } from './translation.ts';
import { x8664Regions } from './x86-layouts.ts';

const K64 = 2 ** 16;
const M = 2 ** 20;
const G = 2 ** 30;

/**
 * Kernel address space layouts of arm64, by the release that introduced them (asm/memory.h and asm/pgtable.h):
 * - v5.2: the linear map is the upper half (to v5.3);
 * - v5.4: it is the lower half, vmemmap ends 2M below 2^64 (to v5.10);
 * - v6.1: vmemmap starts at a power of two, PCI I/O and fixmap stay below it (v5.11 to v6.4; not modelled: 128M for
 *   BPF in the first of them);
 * - v6.5: 2G for modules, all slots of the fixmap (to v6.8);
 * - v6.9: vmemmap ends 1G below 2^64, PCI I/O and fixmap are above it, 2G for modules (to v7.2).
 *
 * v5.10, v6.1 and v7.2 are recorded; the others follow the headers. On x86-64 all releases have the same layout.
 */
export const LAYOUT_FAMILIES = ['v5.2', 'v5.4', 'v6.1', 'v6.5', 'v6.9'] as const;
export type LayoutFamily = (typeof LAYOUT_FAMILIES)[number];

/** The first release of each family, newest first. */
const SINCE: readonly (readonly [major: number, minor: number, LayoutFamily])[] = [
  [6, 9, 'v6.9'],
  [6, 5, 'v6.5'],
  [5, 11, 'v6.1'],
  [5, 4, 'v5.4'],
  [5, 2, 'v5.2'],
];

/** The layout family of any kernel version from 5.2 on ("v6.12", "6.1.0-56-arm64"); undefined for any other text. */
export function layoutFamily(release: string): LayoutFamily | undefined {
  const version = /^v?(\d{1,4})\.(\d{1,4})(?!\d)/.exec(release);
  if (!version) return undefined;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return SINCE.find(([first, second]) => major > first || (major === first && minor >= second))?.[2];
}

/**
 * The layout of a release.
 * @param release a version that layoutFamily() accepts; the constants of a series name its family
 * @throws NoSuchGeometry for any other text, or if the release cannot be built with this shape: 52 bits came with v5.4
 * for 64K pages and with v6.9 for the others
 */
export function layout(t: Translation, release: string): Layout {
  const family = layoutFamily(release);
  if (!family) throw new NoSuchGeometry(`no layout is known for ${JSON.stringify(release)}`);
  if (t.arch === 'x86_64') return customLayout(t, x8664Regions(t), 'x86_64');
  const since = t.va_bits < 52 ? 'v5.2' : t.page_shift === 16 ? 'v5.4' : 'v6.9';
  if (LAYOUT_FAMILIES.indexOf(family) < LAYOUT_FAMILIES.indexOf(since)) {
    throw new NoSuchGeometry(
      `${release} on arm64 has no ${t.va_bits}-bit kernel addresses with pages of ${2 ** (t.page_shift - 10)}K: they came with ${since}`,
    );
  }
  return customLayout(t, ARM64[family](t), family);
}

const region = (name: string, start: number, end: number): Region => ({ name, start, end });

/** _PAGE_END(va): the end of the half with the linear map. */
const pageEnd = (vaBits: number): number => -(2 ** (vaBits - 1));

const pages = (t: Translation, bytes: number): number => Math.ceil(bytes / 2 ** t.page_shift);

/** The bytes of struct pages for this many bytes of linear map. */
const memmapSize = (t: Translation, bytes: number): number => (bytes / 2 ** t.page_shift) * STRUCT_PAGE_SIZE;

/** PUD_SIZE: with folded levels the size of a root entry. */
const pudSize = (t: Translation): number => 2 ** (t.shift[t.name.indexOf('PUD')] ?? t.shift[0]!);

/**
 * Slots of the fixmap as the recorded kernels were built: a hole, the window for the device tree, early console and text
 * poke, the KPTI trampoline (4 in 5.10.223, 3 in 6.1.192 and 7.2.13; CONFIG_RELOCATABLE and APEI add to it).
 */
const fixmapSlots = (t: Translation, trampoline: number): number => 1 + pages(t, 4 * M) + 2 + trampoline;

const ARM64: Readonly<Record<LayoutFamily, (t: Translation) => Region[]>> = {
  'v5.2': (t) => {
    const VA_START = -(2 ** t.va_bits);
    const PAGE_OFFSET = pageEnd(t.va_bits);
    const VMEMMAP_SIZE = memmapSize(t, -PAGE_OFFSET);
    const VMEMMAP_START = PAGE_OFFSET - VMEMMAP_SIZE;
    return [
      region('bpf', VA_START, VA_START + 128 * M),
      region('modules', VA_START + 128 * M, VA_START + 256 * M),
      region('vmalloc', VA_START + 256 * M, PAGE_OFFSET - pudSize(t) - VMEMMAP_SIZE - K64),
      ...belowVmemmap(t, VMEMMAP_START),
      region('vmemmap', VMEMMAP_START, PAGE_OFFSET),
      region('linear', PAGE_OFFSET, 0),
    ];
  },
  'v5.4': (t) => {
    const PAGE_OFFSET = -(2 ** t.va_bits);
    // the value of KASAN_SHADOW_END without KASAN
    const MODULES = pageEnd(Math.min(t.va_bits, 48));
    const VMEMMAP_SIZE = memmapSize(t, MODULES - PAGE_OFFSET);
    const VMEMMAP_START = -VMEMMAP_SIZE - 2 * M;
    return [
      // PAGE_END is _PAGE_END(vabits_actual): with 52 bits half of the address space, until v5.11 extended it
      region('linear', PAGE_OFFSET, pageEnd(t.va_bits)),
      region('bpf', MODULES, MODULES + 128 * M),
      region('modules', MODULES + 128 * M, MODULES + 256 * M),
      region('vmalloc', MODULES + 256 * M, -pudSize(t) - VMEMMAP_SIZE - K64),
      ...belowVmemmap(t, VMEMMAP_START),
      region('vmemmap', VMEMMAP_START, -2 * M),
    ];
  },
  'v6.1': (t) => {
    const PAGE_OFFSET = -(2 ** t.va_bits);
    const PAGE_END = pageEnd(Math.min(t.va_bits, 48));
    const VMEMMAP_START = -memmapSize(t, 2 ** t.va_bits);
    const FIXADDR_TOP = VMEMMAP_START - 32 * M;
    return [
      region('linear', PAGE_OFFSET, PAGE_END),
      region('modules', PAGE_END, PAGE_END + 128 * M),
      region('vmalloc', PAGE_END + 128 * M, VMEMMAP_START - 256 * M),
      region('fixmap', FIXADDR_TOP - fixmapSlots(t, 3) * 2 ** t.page_shift, FIXADDR_TOP),
      region('pci_io', VMEMMAP_START - 24 * M, VMEMMAP_START - 8 * M),
      region('vmemmap', VMEMMAP_START, VMEMMAP_START + memmapSize(t, PAGE_END - PAGE_OFFSET)),
    ];
  },
  'v6.5': (t) => {
    const FIXADDR_TOP = -memmapSize(t, 2 ** t.va_bits) - 32 * M;
    return ARM64['v6.1'](t).map((own) => {
      if (own.name === 'modules') return { ...own, end: own.start + 2 * G };
      if (own.name === 'vmalloc') return { ...own, start: own.start + 2 * G - 128 * M };
      // eight slots fewer than v6.9: one in each window of early_ioremap, and P4D tables
      if (own.name === 'fixmap')
        return { ...own, start: FIXADDR_TOP - (fixmapTotal(t) - 8) * 2 ** t.page_shift };
      return own;
    });
  },
  'v6.9': (t) => {
    const PAGE_OFFSET = -(2 ** t.va_bits);
    // VA_BITS_MIN: what 16K falls back to without LPA2 has one bit less
    const PAGE_END = pageEnd(t.va_bits === 52 ? (t.page_shift === 14 ? 47 : 48) : t.va_bits);
    const VMEMMAP_END = -G;
    const VMEMMAP_START = VMEMMAP_END - memmapSize(t, PAGE_END - PAGE_OFFSET);
    const FIXADDR_TOP = -8 * M;
    return [
      region('linear', PAGE_OFFSET, PAGE_END),
      region('modules', PAGE_END, PAGE_END + 2 * G),
      region('vmalloc', PAGE_END + 2 * G, VMEMMAP_START - 8 * M),
      region('vmemmap', VMEMMAP_START, VMEMMAP_END),
      region('pci_io', VMEMMAP_END + 8 * M, VMEMMAP_END + 24 * M),
      region('fixmap', FIXADDR_TOP - fixmapTotal(t) * 2 ** t.page_shift, FIXADDR_TOP),
    ];
  },
};

/** v5.2 to v5.10: PCI I/O (16M) ends 2M below vmemmap, the fixmap 2M below that. */
function belowVmemmap(t: Translation, VMEMMAP_START: number): Region[] {
  const PCI_IO_END = VMEMMAP_START - 2 * M;
  const PCI_IO_START = PCI_IO_END - 16 * M;
  const FIXADDR_TOP = PCI_IO_START - 2 * M;
  return [
    region('fixmap', FIXADDR_TOP - fixmapSlots(t, 4) * 2 ** t.page_shift, FIXADDR_TOP),
    region('pci_io', PCI_IO_START, PCI_IO_END),
  ];
}

/**
 * All slots of the fixmap, which is where v6.9 says it starts (FIXADDR_TOT_START): a window of 2M and two pages for the
 * device tree, seven of 256K and a page for early_ioremap, five for page tables.
 */
const fixmapTotal = (t: Translation): number =>
  1 + (pages(t, 2 * M) + 2) + 2 + 3 + 7 * (pages(t, 256 * 1024) + 1) + 5;
