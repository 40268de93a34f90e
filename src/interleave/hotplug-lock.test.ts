import { expect, test } from 'vitest';
import { bootedForSteps, first, says, verdictOf, well } from '../../test/interleave.ts';
import { ARM64, G, withOptions } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { get_online_mems, mem_hotplug_begin, mem_hotplug_done, put_online_mems } from '../kernel/locks.ts';
import { PTL } from '../kernel/mm/memory/pgalloc.ts';
import { lock, unlock } from '../kernel/ops.ts';
import { MMOP_ONLINE } from '../kernel/state.ts';
import { run_alone } from '../runs/index.ts';
import { deadlock, lockMisuse, lockOrder } from '../schedule/monitors/index.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const MACHINE = { ...ARM64, page_size: '16K', va_bits: 36, ram: [{ start: '1G', size: '1G' }] };
const NEW = 4 * G;

/** A block goes online; the buddy has no memory for page_owner's data on its pages. */
function goingOnline(release: string, bootOptions: string) {
  const model = bootedForSteps(release, withOptions(MACHINE, bootOptions));
  const { kernel, state } = model;
  first(model, run_alone(kernel).add_memory(0, NEW, G, 0));
  state.vars.get(0)!.fail_alloc = { page_ext: 1 };
  const { c } = kernel;
  const pfn = NEW / c.PAGE_SIZE;
  const nrPages = c.memory_block_size_bytes / c.PAGE_SIZE;
  const zone = first(model, kernel.zone_for_pfn_range(MMOP_ONLINE, 0, 0, pfn, nrPages));
  const byZone = c.SECTION_SIZE < G;
  const program = kernelProgram(`online on ${release}`, model, {
    *onliner(k: Kernel): Steps<number> {
      return yield* k.online_pages(pfn, nrPages, byZone ? zone : MMOP_ONLINE, 0);
    },
  });
  const refused: Monitor = {
    name: 'refused',
    end: ({ threads: [onliner] }) => says(onliner!.returned === 0 ? undefined : `${onliner!.returned}`),
  };
  return { program, model, refused };
}

test('option 2 waits for itself when page_owner takes from vmalloc (B98)', () => {
  const { program } = goingOnline('option-2', 'page_owner=on');
  expect(verdictOf(program, [deadlock])).toEqual({
    monitor: 'deadlock',
    text: 'no thread can move: onliner waits for mem_hotplug_lock, held by itself',
    preemptions: 0,
  });
});

test('and does not without page_owner', () => {
  const { program, refused } = goingOnline('option-2', '');
  expect(verdictOf(program, [deadlock, refused])).toBe('proved');
});

test.each(['arm64-v6', 'option-1', 'option-3', 'v5.7', 'v6.1', 'v6.12', 'v7.2'])(
  '%s goes online with it',
  (release) => {
    const { program, model, refused } = goingOnline(release, 'page_owner=on');
    expect(verdictOf(program, [refused, ...well(model)])).toBe('proved');
  },
);

/** The monitors of locks see locks that kernel functions take inside. */
test('a mutex under the page table lock', () => {
  const model = bootedForSteps('v5.3', MACHINE);
  const program = kernelProgram('atomic', model, {
    *purger(k: Kernel): Steps<void> {
      yield* lock(PTL, 'spinlock');
      yield* k.vm_unmap_aliases();
      yield* unlock(PTL, 'spinlock');
    },
  });
  expect(verdictOf(program, [lockMisuse])).toEqual({
    monitor: 'lock-misuse',
    text: 'sleeping function called in an atomic section (vmap_purge_lock)',
    preemptions: 0,
  });
});

test('two orders of mem_hotplug_lock and vmap_purge_lock', () => {
  const model = bootedForSteps('v5.3', MACHINE);
  const program = kernelProgram('order', model, {
    *hotplug(k: Kernel): Steps<void> {
      yield* mem_hotplug_begin();
      yield* k.vm_unmap_aliases();
      yield* mem_hotplug_done();
    },
    *purger(k: Kernel): Steps<void> {
      yield* lock('vmap_purge_lock', 'mutex');
      yield* get_online_mems();
      yield* k.__purge_vmap_area_lazy(0, 0);
      yield* put_online_mems();
      yield* unlock('vmap_purge_lock', 'mutex');
    },
  });
  expect(verdictOf(program, [lockOrder()])).toMatchObject({
    monitor: 'lock-order',
    text: 'locks are taken in a circle: hotplug takes vmap_purge_lock while it holds mem_hotplug_lock; purger takes mem_hotplug_lock while it holds vmap_purge_lock',
  });
});
