import { expect, test } from 'vitest';
import { bootedForSteps, first, says } from '../../test/interleave.ts';
import { ARM64, type MachineObject } from '../../test/kit.ts';
import type { Model } from '../boot/boot.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { stray } from '../monitors/mmu/ways.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import { explore } from '../schedule/search/exploration.ts';
import type { Steps } from '../steps/step.ts';
import type { KernelWorld } from './kernel-machine.ts';
import { kernelProgram } from './kernel-program.ts';

const RAM = { ram: [{ start: '1G', size: '1G' }] };
/** Beyond the struct pages of all memory, in a table of its own. */
const OFFSET = 2 ** 26;

/** No CPU can reach a free page except through the linear map. Only the remover matters. */
function removing(release: string, machine: MachineObject) {
  const model: Model = bootedForSteps(release, { ...ARM64, ...RAM, ...machine });
  const { kernel } = model;
  const va = kernel.c.VMEMMAP_START + OFFSET;
  const size = kernel.c.PAGE_SHIFT === 12 ? kernel.c.PMD_SIZE : 2 * kernel.c.PAGE_SIZE;
  first(model, kernel.vmemmap_populate(va, va + size, 0, null));
  const reachable: Monitor = {
    name: 'reachable',
    state: (view) => {
      const ways = stray(view.world<KernelWorld>().state, kernel.c);
      const text = ways.map(
        (r) =>
          `${(r.va - va) / kernel.c.PAGE_SIZE} ${r.level} ${r.in_memory ? 'mapped' : `held by ${r.held_by}`}`,
      );
      return says(text.join());
    },
  };
  const program = kernelProgram(`removal on ${release}`, model, {
    *remover(k: Kernel): Steps<void> {
      yield* k.vmemmap_free(va, va + size, null);
    },
  });
  return { program, reachable };
}

const said = (release: string, machine: MachineObject, last = false) => {
  const { program, reachable } = removing(release, machine);
  const monitor: Monitor = last ? { name: 'reachable', end: (view) => reachable.state!(view) } : reachable;
  const verdict = explore(program).only(monitor).states().verdict();
  return verdict.verdict === 'violated' ? verdict.violation.text : verdict.verdict;
};

const BLOCKS = { page_size: '4K', va_bits: 39 };
const PAGES = { page_size: '16K', va_bits: 36 };

test('V5 frees what the memmap is still mapped to, and never takes a block out of the TLBs (B10 to B13)', () => {
  expect(said('arm64-v5', BLOCKS)).toBe('0 PMD mapped');
  expect(said('arm64-v5', BLOCKS, true)).toBe('0 PMD held by 0,1');
  expect(said('arm64-v5', PAGES)).toBe('0 PTE mapped');
  // the flush after the loop comes last
  expect(said('arm64-v5', PAGES, true)).toBe('proved');
});

test.each(['arm64-v6', 'v5.7', 'v5.10', 'v6.1', 'v7.2'])('%s never does', (release) => {
  for (const machine of [BLOCKS, PAGES]) expect(said(release, machine)).toBe('proved');
});
