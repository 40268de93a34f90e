import type { Int64 } from '../../ir/read/values.ts';
import { set_slot } from '../../kernel/arch/arm64/include/asm/fixmap.ts';
import { has_warned, set_warned } from '../../kernel/include/asm-generic/bug.ts';
import { table_page } from '../../kernel/include/linux/pgtable.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { change, look, R, W } from '../../kernel/ops.ts';
import type { Steps } from '../../steps/step.ts';
import { descriptorOf, numberOf, wordOf, ZERO } from '../values.ts';
import type { Site, Standing } from './site.ts';

/** A variable of the kernel's image that is no constant: what reading and writing it does. Each may be absent. */
export interface Variable {
  readonly is: Standing;
  read?(site: Site, offset: number, size: number): Steps<Int64>;
  write?(site: Site, offset: number, size: number, value: Int64): Steps<void>;
}

/** The value that boot has given and nothing changes. */
const fixed = (value: (k: Kernel, site: Site) => Int64): Variable => ({
  is: 'modelled',
  *read(site, offset) {
    if (offset !== 0) site.stop(`byte ${offset} of a variable`);
    return value(site.k, site);
  },
});

/** A flag of a message that is printed once; the model remembers it under the name of the function. */
const once = (where: string): Variable => ({
  is: 'modelled',
  *read() {
    return wordOf((yield* look(has_warned, where)) ? 1 : 0);
  },
  *write() {
    yield* change(set_warned, where);
  },
});

export const VARIABLES: Readonly<Record<string, Variable>> = {
  memstart_addr: fixed((k) => wordOf(k.c.mappable_range.start)),
  kimage_voffset: fixed((k, { program }) => wordOf(numberOf(program.root) - k.c.swapper_pg_dir)),
  // KPTI would make the kernel's own mappings nG
  arm64_use_ng_mappings: fixed(() => ZERO),
  // as it is initialised: no nohugeiomap
  ioremap_max_page_shift: fixed(() => wordOf(63)),
  init_mm: {
    is: 'modelled',
    *read(site, offset) {
      const { program } = site;
      if (offset !== program.member('mm_struct', 'pgd').offset) site.stop(`byte ${offset} of init_mm`);
      return program.root;
    },
  },
  // those of the configuration: HAS_VA52 where it asks for 52
  vabits_actual: fixed((k) => wordOf(k.c.t.va_bits)),
  system_state: fixed((_, { program }) => wordOf(program.enumerator('SYSTEM_RUNNING'))),
  rodata_full: fixed((k) => wordOf(k.c.rodata_full ? 1 : 0)),
  rodata_is_rw: fixed((k) => wordOf(k.c.rodata_is_rw ? 1 : 0)),
  max_pfn: {
    is: 'modelled',
    *read() {
      return wordOf(yield* R('vars', 0, 'max_pfn'));
    },
    *write(_, _offset, _size, value) {
      yield* W('vars', 0, 'max_pfn', numberOf(value));
    },
  },
  // on arm64 the same as max_pfn; nothing that is modelled reads it
  max_low_pfn: { is: 'inert', *write() {} },
  bm_pte: {
    is: 'modelled',
    *write(site, offset, _size, value) {
      const { k } = site;
      const slot = site.addresses.slotOfEntry(offset / 8);
      const entry = descriptorOf(value);
      const phys = value.lo === 0 && value.hi === 0 ? 0 : table_page(k.c, entry);
      if (slot === undefined) return site.stop(`slot ${offset / 8} of the fixmap`);
      // set_swapper_pgd() writes to the root at its place
      if (slot !== 'root') yield* change(set_slot, slot, phys);
      else if (phys !== 0 && phys !== k.c.swapper_pg_dir)
        site.stop('FIX_PGD for a table that is not the root');
    },
  },
  'vmemmap_alloc_block.warned': once('vmemmap_alloc_block'),
  'vmemmap_verify.__already_done': once('vmemmap_verify'),
};
