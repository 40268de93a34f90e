import type { Region } from './layout.ts';
import type { Translation } from './translation.ts';

const M = 2 ** 20;
const G = 2 ** 30;
const T = 2 ** 40;

/**
 * Bases and sizes without RANDOMIZE_MEMORY, of 4 and of 5 levels: asm/page_64_types.h, asm/pgtable_64_types.h; sizes of
 * the direct map, of vmemmap and of the regions above -4G: Documentation/x86/x86_64/mm.rst. All releases from v5.2 on
 * have them.
 */
const BASES = {
  4: {
    linear: { start: 0x888000000000 - 2 ** 48, size: 64 * T },
    vmalloc: { start: 0xc90000000000 - 2 ** 48, size: 32 * T },
    vmemmap: { start: 0xea0000000000 - 2 ** 48, size: T },
  },
  5: {
    linear: { start: 0x11000000000000 - 2 ** 56, size: 32768 * T },
    vmalloc: { start: -0x60000000000000, size: 12800 * T },
    vmemmap: { start: -0x2c000000000000, size: 512 * T },
  },
} as const;

/** The regions of x86-64, kernel image and modules included. */
export function x8664Regions(t: Translation): Region[] {
  const bases = BASES[t.levels === 5 ? 5 : 4];
  const hotplugged = Object.entries(bases).map(([name, { start, size }]) => ({
    name,
    start,
    end: start + size,
  }));
  return [
    ...hotplugged,
    // KERNEL_IMAGE_SIZE is 1G with CONFIG_RANDOMIZE_BASE, on or off; without it 512M, and the modules follow
    { name: 'kernel', start: -2 * G, end: -G },
    { name: 'modules', start: -G, end: -16 * M },
  ];
}
