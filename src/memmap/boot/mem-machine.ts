import type { MemoryModel } from '../kernel/config.ts';
import type { BootmemPlaces } from './bootmem.ts';

/** How boot memory places memmaps: in order, the last section first, or each followed by a foreign object. */
export type Placement = 'adjacent' | 'reversed' | 'foreign';

/** The part of a machine that concerns struct pages and the memory they describe. Sizes in bytes. */
export interface MemMachine {
  readonly arch: 'ppc64' | 'x86_64' | 'i386' | 'arm64' | 'tiny';
  readonly page_size: number;
  readonly memory_model: MemoryModel;
  readonly ram: readonly { readonly start: number; readonly size: number; readonly node: number }[];
  /** The parts of the RAM that memblock marks NOMAP. */
  readonly nomap?: readonly { readonly start: number; readonly size: number }[] | undefined;
  readonly memmap: Placement;
  /** The object behind each section's or node's memmap, if the placement says so. */
  readonly foreign?:
    | { readonly name: string; readonly size?: number | undefined; readonly reads_as?: number | undefined }
    | undefined;
  /** The object behind all memmaps; null for unmapped memory. */
  readonly beyond?: string | null | undefined;
  /** The place of boot memory for nodes and sections; absent if it is not checked. */
  readonly bootmem?: BootmemPlaces | undefined;
  readonly section_size_bits?: number | undefined;
  readonly max_physmem_bits?: number | undefined;
  readonly max_order?: number | undefined;
  readonly sections_per_root?: number | undefined;
  readonly debug_vm?: boolean | undefined;
  readonly run_limit?: number | undefined;
}
