import { page_use, USE } from '../../../src/kernel/mm/page.ts';
import type { Draws, Here, Range, StepInput } from '../here.ts';

/** Adding, onlining, offlining and removing memory. */

/** arm64 before v5.7 cannot remove memory. */
export const canRemove = ({ c, release }: Here): boolean =>
  c.arch !== 'arm64' || !['v5.2', 'v5.3', 'v5.4'].includes(release);

/** mhp_t: mostly none. */
function flags({ session: { kernel }, prng }: Here): { readonly flags?: number } {
  const bits = 'mhp_supports_memmap_on_memory' in kernel ? 3 : 'merge_system_ram_resource' in kernel ? 1 : 0;
  const drawn = prng.below(4) === 0 ? prng.below(4) & bits : 0;
  return drawn ? { flags: drawn } : {};
}

/** The blocks of a step that added memory and may still be there; rarely others. */
function added(here: Here): Range | null {
  if (here.once(8)) return here.blocks();
  const kinds = ['add', 'add_driver_managed'] as const;
  const steps = kinds.flatMap((kind) => here.done(kind)) as Range[];
  const step = here.any(steps.filter((range) => !here.isFree(range)));
  if (step === null) return null;
  const { start, size } = step;
  return here.once(5) ? here.part({ start, size }, here.c.memory_block_size_bytes) : { start, size };
}

/** Not of device memory: no one but its driver removes it. */
const removal = {
  weight: 7,
  draw(here: Here): Range | null {
    const range = canRemove(here) ? added(here) : null;
    const asked = range && here.odd(range, 16);
    return asked === null || here.hasDeviceMemory(asked) ? null : asked;
  },
};

/** Mostly blocks in the state that the write ends. */
function writing(from: 'online' | 'offline', weight: number) {
  return {
    weight,
    draw(here: Here): { blocks: string } | null {
      const where = here.once(5) ? 'all' : 'area';
      const ids = here.blockIds(here.once(10) ? 'any' : from, where);
      const run = here.run(ids, 4);
      if (run === null) return null;
      return { blocks: run.first === run.last ? `memory${run.first}` : `${run.first}..${run.last}` };
    },
  };
}

/** Mostly blocks where nothing is. */
function addition(here: Here): StepInput<'add'> {
  const range = here.odd(here.once(6) ? here.blocks() : here.freeBlocks());
  return { ...range, node: here.node(), ...flags(here) };
}

/** A run of pages that the kernel or a program has, or that is free. */
function existing(here: Here): Range | null {
  const id = here.any(here.blockIds('online'));
  if (id === null) return null;
  const { start, size } = here.blockRange(id);
  const { PAGE_SIZE } = here.c;
  const runs = [...here.state.pages.in(start / PAGE_SIZE, (start + size) / PAGE_SIZE)].filter(
    ({ value }) => page_use(value) !== USE.NONE,
  );
  const run = here.any(runs);
  return (
    run && here.part({ start: run.start * PAGE_SIZE, size: (run.end - run.start) * PAGE_SIZE }, PAGE_SIZE)
  );
}

export const memorySteps = {
  add: { weight: 14, draw: addition },
  add_driver_managed: {
    weight: 5,
    draw(here) {
      const name = here.once(12) ? here.pick(['System RAM', 'kmem', 'System RAM ()']) : 'System RAM (kmem)';
      return { ...addition(here), name };
    },
  },
  remove: removal,
  offline_and_remove: removal,
  online: writing('offline', 5),
  online_kernel: writing('offline', 5),
  online_movable: writing('offline', 9),
  offline: writing('online', 10),
  touch: { weight: 2, draw: existing },
  arch_add: {
    weight: 1,
    draw: (here) => {
      const range = here.freeBlocks(2);
      return here.isFree(range)
        ? {
            ...(here.release !== 'v5.2' && here.once(3) ? here.part(range) : range),
            node: here.possibleNode(),
          }
        : null;
    },
  },
  arch_remove: {
    weight: 1,
    draw(here) {
      if (!canRemove(here)) return null;
      const gone = new Set(here.done('arch_remove').map(({ start }) => start));
      const there = here.any(here.done('arch_add').filter(({ start }) => !gone.has(start)));
      return there && { start: there.start, size: there.size };
    },
  },
} satisfies Draws;
