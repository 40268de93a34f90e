import { expect, test } from 'vitest';
import { anything, bootedForSteps, faults, first, found } from '../../test/interleave.ts';
import { G, M, X86 } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { zone_key } from '../kernel/state.ts';
import type { Program } from '../schedule/program/program.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const SMALL = { ...X86, ram: [{ start: 0, size: '1G' }], nodes: [{ node: 0, cpus: '0-1' }] };
const START = 4 * G;
const SIZE = 128 * M;

/** A thread calls pfn_valid() for a section that was never online while the section is removed. */
function removing(release: string): Program {
  const model = bootedForSteps(release, SMALL);
  const pfn = START / model.kernel.c.PAGE_SIZE;
  first(model, model.kernel.add_memory(0, START, SIZE, 0));
  return kernelProgram(`pfn_valid and removal on ${release}`, model, {
    *walker(k: Kernel): Steps<boolean> {
      return yield* k.pfn_valid(pfn);
    },
    *remover(k: Kernel): Steps<number> {
      return yield* k.remove_memory(START, SIZE);
    },
  });
}

const FREED = { text: 'read of the usage of section 32, which is free', preemptions: 1 };
const NULL_POINTER = {
  text: 'pfn_section_valid: kernel NULL pointer dereference, address: 0000000000000000',
  preemptions: 1,
};

test.each(['v5.3', 'v5.4', 'v5.7', 'v6.1-B52'])(
  '%s: the usage of a section is freed under pfn_valid() (B52)',
  (release) => {
    expect(found(removing(release), faults('use-after-free'))).toEqual(FREED);
    expect(found(removing(release), faults('bug'))).toEqual(NULL_POINTER);
  },
);

test('RCU alone leaves the NULL pointer', () => {
  expect(found(removing('v6.8'), faults('use-after-free'))).toBe('proved');
  expect(found(removing('v6.8'), faults('bug'))).toEqual(NULL_POINTER);
});

test.each(['v5.2', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])('%s: pfn_valid() is safe', (release) => {
  expect(found(removing(release), anything)).toBe('proved');
});

/** Compaction scans the block while it goes offline and is removed. */
function compacting(release: string, debugVm = false): Program {
  const model = bootedForSteps(release, { ...SMALL, debug_vm: debugVm });
  const { c } = model.kernel;
  const pfn = START / c.PAGE_SIZE;
  const block = START / SIZE;
  first(model, model.kernel.add_memory(0, START, SIZE, 0));
  first(model, model.kernel.state_store(block, 'online_movable'));
  return kernelProgram(`compaction and removal on ${release}`, model, {
    *compaction(k: Kernel): Steps<number> {
      return yield* k.__pageblock_pfn_to_page(pfn, pfn + c.pageblock_nr_pages, zone_key(0, c.ZONE_MOVABLE));
    },
    *remover(k: Kernel): Steps<number> {
      yield* k.state_store(block, 'offline');
      return yield* k.remove_memory(START, SIZE);
    },
  });
}

const RELEASES = ['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'];

test.each(RELEASES)(
  '%s: a page that pfn_to_online_page() has found is gone when it is used (B89)',
  (release) => {
    expect(found(compacting(release), faults('wild-access'))).toEqual({
      text: 'read of the struct page of pfn 0x100000, which has none',
      preemptions: 1,
    });
  },
);

test.each([
  ['v5.10', 'p'],
  ['v6.1', 'p'],
  ['v6.12', 'page'],
  ['v7.2', 'page'],
])('%s: or poisoned, when it has gone offline (B89)', (release, page) => {
  expect(found(compacting(release, true), faults('bug'))).toEqual({
    text: `page_to_nid: page dumped because: VM_BUG_ON_PAGE(PagePoisoned(${page}))`,
    preemptions: 2,
  });
});

test.each(['v6.1', 'v6.12', 'v7.2'])(
  '%s: pfn_to_online_page() reads the usage without RCU, what is left of B52',
  (release) => {
    expect(found(compacting(release), faults('use-after-free'))).toEqual(FREED);
  },
);

test('with RCU there, the struct pages are still nobody’s', () => {
  expect(found(compacting('v7.2-B52'), faults('use-after-free'))).toBe('proved');
  expect(found(compacting('v7.2-B52'), faults('wild-access'))).toMatchObject({ preemptions: 1 });
});

test('a reader whom hotplug waits for is safe', () => {
  expect(found(compacting('v7.2-B89'), anything)).toBe('proved');
  expect(found(compacting('v7.2-B89', true), anything)).toBe('proved');
});

test('nothing is lost by leaving out orders', () => {
  for (const monitor of [anything, faults('use-after-free'), faults('wild-access'), faults('bug')]) {
    for (const release of ['v5.3', 'v6.8', 'v6.1']) {
      expect(found(removing(release), monitor, false)).toEqual(found(removing(release), monitor));
    }
    for (const release of ['v6.1', 'v7.2-B89']) {
      expect(found(compacting(release, true), monitor, false)).toEqual(
        found(compacting(release, true), monitor),
      );
    }
  }
});
