import { custom_layout, type Layout, type Region, STRUCT_PAGE_SIZE } from './layout.ts';
import { NoSuchGeometry, type Translation } from './translation.ts';
import { x86_64_regions } from './x86-layouts.ts';

const K64 = 2 ** 16;
const M = 2 ** 20;
const G = 2 ** 30;

/**
 * Kernel address space layouts of arm64, by the release that brought them (asm/memory.h and asm/pgtable.h):
 * - v5.2: the linear map is the upper half (to v5.3);
 * - v5.4: it is the lower half, vmemmap ends 2M before the wrap (to v5.10);
 * - v6.1: vmemmap starts at a power of two, PCI I/O and fixmap stay below it (v5.11 to v6.8; not modelled: 128M for BPF in
 *   the first of them, 2G for modules from v6.5 on);
 * - v6.9: vmemmap ends 1G before the wrap, PCI I/O and fixmap are above it, 2G for modules (to v7.2).
 *
 * Recorded are v5.10, v6.1 and v7.2, the others follow the headers. All releases have the same one on x86-64.
 */
export const LAYOUT_FAMILIES = ['v5.2', 'v5.4', 'v6.1', 'v6.9'] as const;
export type LayoutFamily = (typeof LAYOUT_FAMILIES)[number];

/** First release of a family, newest first. */
const SINCE: readonly (readonly [major: number, minor: number, LayoutFamily])[] = [
  [6, 9, 'v6.9'],
  [5, 11, 'v6.1'],
  [5, 4, 'v5.4'],
  [5, 2, 'v5.2'],
];

/** The family that any kernel version from 5.2 on ("v6.12", "6.1.0-56-arm64") has its layout from; undefined for anything else. */
export function layout_family(release: string): LayoutFamily | undefined {
  const version = /^v?(\d{1,4})\.(\d{1,4})(?!\d)/.exec(release);
  if (!version) return undefined;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return SINCE.find(([first, second]) => major > first || (major === first && minor >= second))?.[2];
}

/**
 * The layout of a release.
 * @param release what layout_family() takes; a series says in its constants which family it has
 * @throws NoSuchGeometry when it is something else, or cannot be built with this shape: 52 bits came with v5.4 for 64K pages and
 * with v6.9 for the others
 */
export function layout(t: Translation, release: string): Layout {
  const family = layout_family(release);
  if (!family) throw new NoSuchGeometry(`no layout is known for ${JSON.stringify(release)}`);
  if (t.arch === 'x86_64') return custom_layout(t, x86_64_regions(t), 'x86_64');
  const since = t.va_bits < 52 ? 'v5.2' : t.page_shift === 16 ? 'v5.4' : 'v6.9';
  if (LAYOUT_FAMILIES.indexOf(family) < LAYOUT_FAMILIES.indexOf(since)) {
    throw new NoSuchGeometry(
      `${release} on arm64 has no ${t.va_bits}-bit kernel addresses with pages of ${2 ** (t.page_shift - 10)}K: they came with ${since}`,
    );
  }
  return custom_layout(t, ARM64[family](t), family);
}

const region = (name: string, start: number, end: number): Region => ({ name, start, end });

/** _PAGE_END(va): where the half of the linear map ends. */
const page_end = (va_bits: number): number => -(2 ** (va_bits - 1));

const pages = (t: Translation, bytes: number): number => Math.ceil(bytes / 2 ** t.page_shift);

/** Bytes of struct page for so many bytes of linear map. */
const memmap_size = (t: Translation, bytes: number): number => (bytes / 2 ** t.page_shift) * STRUCT_PAGE_SIZE;

/** PUD_SIZE: with folded levels that of a root entry. */
const pud_size = (t: Translation): number => 2 ** (t.shift[t.name.indexOf('PUD')] ?? t.shift[0]!);

/**
 * Slots of the fixmap as the recorded kernels were built: a hole, the window for the device tree, early console and text
 * poke, the KPTI trampoline (4 in 5.10.223, 3 in 6.1.192 and 7.2.13; CONFIG_RELOCATABLE and APEI add to it).
 */
const fixmap_slots = (t: Translation, trampoline: number): number => 1 + pages(t, 4 * M) + 2 + trampoline;

const ARM64: Readonly<Record<LayoutFamily, (t: Translation) => Region[]>> = {
  'v5.2': (t) => {
    const VA_START = -(2 ** t.va_bits);
    const PAGE_OFFSET = page_end(t.va_bits);
    const VMEMMAP_SIZE = memmap_size(t, -PAGE_OFFSET);
    const VMEMMAP_START = PAGE_OFFSET - VMEMMAP_SIZE;
    return [
      region('bpf', VA_START, VA_START + 128 * M),
      region('modules', VA_START + 128 * M, VA_START + 256 * M),
      region('vmalloc', VA_START + 256 * M, PAGE_OFFSET - pud_size(t) - VMEMMAP_SIZE - K64),
      ...below_vmemmap(t, VMEMMAP_START),
      region('vmemmap', VMEMMAP_START, PAGE_OFFSET),
      region('linear', PAGE_OFFSET, 0),
    ];
  },
  'v5.4': (t) => {
    const PAGE_OFFSET = -(2 ** t.va_bits);
    // what KASAN_SHADOW_END is without KASAN
    const MODULES = page_end(Math.min(t.va_bits, 48));
    const VMEMMAP_SIZE = memmap_size(t, MODULES - PAGE_OFFSET);
    const VMEMMAP_START = -VMEMMAP_SIZE - 2 * M;
    return [
      // PAGE_END is _PAGE_END(vabits_actual): with 52 bits half of the address space, until v5.11 extended it
      region('linear', PAGE_OFFSET, page_end(t.va_bits)),
      region('bpf', MODULES, MODULES + 128 * M),
      region('modules', MODULES + 128 * M, MODULES + 256 * M),
      region('vmalloc', MODULES + 256 * M, -pud_size(t) - VMEMMAP_SIZE - K64),
      ...below_vmemmap(t, VMEMMAP_START),
      region('vmemmap', VMEMMAP_START, -2 * M),
    ];
  },
  'v6.1': (t) => {
    const PAGE_OFFSET = -(2 ** t.va_bits);
    const PAGE_END = page_end(Math.min(t.va_bits, 48));
    const VMEMMAP_START = -memmap_size(t, 2 ** t.va_bits);
    const FIXADDR_TOP = VMEMMAP_START - 32 * M;
    return [
      region('linear', PAGE_OFFSET, PAGE_END),
      region('modules', PAGE_END, PAGE_END + 128 * M),
      region('vmalloc', PAGE_END + 128 * M, VMEMMAP_START - 256 * M),
      region('fixmap', FIXADDR_TOP - fixmap_slots(t, 3) * 2 ** t.page_shift, FIXADDR_TOP),
      region('pci_io', VMEMMAP_START - 24 * M, VMEMMAP_START - 8 * M),
      region('vmemmap', VMEMMAP_START, VMEMMAP_START + memmap_size(t, PAGE_END - PAGE_OFFSET)),
    ];
  },
  'v6.9': (t) => {
    const PAGE_OFFSET = -(2 ** t.va_bits);
    // VA_BITS_MIN: what 16K falls back to without LPA2 has one bit less
    const PAGE_END = page_end(t.va_bits === 52 ? (t.page_shift === 14 ? 47 : 48) : t.va_bits);
    const VMEMMAP_END = -G;
    const VMEMMAP_START = VMEMMAP_END - memmap_size(t, PAGE_END - PAGE_OFFSET);
    const FIXADDR_TOP = -8 * M;
    return [
      region('linear', PAGE_OFFSET, PAGE_END),
      region('modules', PAGE_END, PAGE_END + 2 * G),
      region('vmalloc', PAGE_END + 2 * G, VMEMMAP_START - 8 * M),
      region('vmemmap', VMEMMAP_START, VMEMMAP_END),
      region('pci_io', VMEMMAP_END + 8 * M, VMEMMAP_END + 24 * M),
      region('fixmap', FIXADDR_TOP - fixmap_total(t) * 2 ** t.page_shift, FIXADDR_TOP),
    ];
  },
};

/** v5.2 to v5.10: PCI I/O (16M) ends 2M below vmemmap, the fixmap 2M below that. */
function below_vmemmap(t: Translation, VMEMMAP_START: number): Region[] {
  const PCI_IO_END = VMEMMAP_START - 2 * M;
  const PCI_IO_START = PCI_IO_END - 16 * M;
  const FIXADDR_TOP = PCI_IO_START - 2 * M;
  return [
    region('fixmap', FIXADDR_TOP - fixmap_slots(t, 4) * 2 ** t.page_shift, FIXADDR_TOP),
    region('pci_io', PCI_IO_START, PCI_IO_END),
  ];
}

/**
 * All slots of the fixmap, which is where v6.9 says it starts (FIXADDR_TOT_START): a window of 2M and two pages for the
 * device tree, seven of 256K and a page for early_ioremap, five for page tables.
 */
const fixmap_total = (t: Translation): number =>
  1 + (pages(t, 2 * M) + 2) + 2 + 3 + 7 * (pages(t, 256 * 1024) + 1) + 5;
