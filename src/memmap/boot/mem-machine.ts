import type { MemoryModel } from '../kernel/config.ts';
import type { BootmemPlaces } from './bootmem.ts';

/** Where boot memory puts memmaps: one after the other, the last section first, or each before something else. */
export type Placement = 'adjacent' | 'reversed' | 'foreign';

/** A machine as far as struct pages and the memory they describe go. Sizes in bytes. */
export interface MemMachine {
  readonly arch: 'ppc64' | 'x86_64' | 'arm64' | 'tiny';
  readonly page_size: number;
  readonly memory_model: MemoryModel;
  readonly ram: readonly { readonly start: number; readonly size: number; readonly node: number }[];
  /** Parts of the RAM that memblock calls NOMAP. */
  readonly nomap?: readonly { readonly start: number; readonly size: number }[] | undefined;
  readonly memmap: Placement;
  /** What lies behind each memmap, or node's memmap, when the placement says so. */
  readonly foreign?:
    | { readonly name: string; readonly size?: number | undefined; readonly reads_as?: number | undefined }
    | undefined;
  /** What lies behind all of them; null: nothing that is mapped. */
  readonly beyond?: string | null | undefined;
  /** Where boot memory for nodes and sections lies; absent: nobody looks. */
  readonly bootmem?: BootmemPlaces | undefined;
  readonly section_size_bits?: number | undefined;
  readonly max_physmem_bits?: number | undefined;
  readonly max_order?: number | undefined;
  readonly sections_per_root?: number | undefined;
  readonly debug_vm?: boolean | undefined;
  readonly run_limit?: number | undefined;
}
