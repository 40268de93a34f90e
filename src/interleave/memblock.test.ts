import { describe, expect, test } from 'vitest';
import { anything, bootedForSteps, faults, first, found, says } from '../../test/interleave.ts';
import { G, type MachineObject } from '../../test/kit.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MEMBLOCK_NOMAP } from '../kernel/mm/memblock/memblock.ts';
import { R } from '../kernel/ops.ts';
import { MEMBLOCK_MEMORY } from '../kernel/state.ts';
import type { Monitor } from '../schedule/monitors/monitor.ts';
import type { Program } from '../schedule/program/program.ts';
import type { Steps } from '../steps/step.ts';
import { kernelProgram } from './kernel-program.ts';

const arm64 = (...at: readonly number[]): MachineObject => ({
  arch: 'arm64',
  ram: at.map((start) => ({ start, size: '1G' })),
  nodes: [{ node: 0, cpus: '0-1' }],
});

type Code = (k: Kernel) => Steps<unknown>;

/** A reader that takes no lock while memblock changes, and the result it gets. */
interface Case {
  readonly machine: MachineObject;
  readonly before?: Code;
  readonly reader: Code;
  readonly hotplug: Code;
  readonly init_memblock_regions?: number;
}

function lookup(release: string, it: Case): Program {
  const { machine, before, reader, hotplug, init_memblock_regions = 128 } = it;
  const model = bootedForSteps(release, machine, { init_memblock_regions });
  if (before) first(model, before(model.kernel) as Steps<unknown>);
  return kernelProgram(`memblock on ${release}`, model, { reader, hotplug });
}

const answers = (wanted: boolean): Monitor => ({
  name: 'answer',
  end: (view) =>
    says(
      view.threads[0]!.returned === wanted
        ? undefined
        : `the reader has ${String(view.threads[0]!.returned)}`,
    ),
});

const MISSED = { text: 'the reader has false', preemptions: 1 };
const MADE_UP = { text: 'the reader has true', preemptions: 1 };
const FREED = { text: 'read of what was memblock.memory.regions, which is free', preemptions: 1 };

const valid =
  (at: number): Code =>
  (k) =>
    k.pfn_valid(at / k.c.PAGE_SIZE);
const mapped =
  (at: number): Code =>
  (k) =>
    k.memblock_is_map_memory(at);
const add =
  (at: number, size = G): Code =>
  (k) =>
    k.memblock_add_node(at, size, 0, 0);
const remove =
  (at: number): Code =>
  (k) =>
    k.memblock_remove(at, G);

/** A third region is inserted between two while the reader knows of two. */
const inserted: Case = { machine: arm64(G, 8 * G), reader: valid(8 * G), hotplug: add(4 * G) };
/** Boot memory and the memory added behind it are one region until that is removed. */
const split: Case = { machine: arm64(G), before: add(2 * G), reader: valid(G), hotplug: remove(2 * G) };
/** Adds regions until an array from kmalloc() is full; arm64 has room for eight at first (v6.1), or for one. */
const full: Code = function* (k) {
  for (let at = 4 * G; ; at += 2 * G) {
    yield* k.memblock_add_node(at, G, 0, 0);
    const { length } = yield* R('memblock_type', MEMBLOCK_MEMORY, 'regions');
    const inSlab = yield* R('memblock_type', MEMBLOCK_MEMORY, 'in_slab');
    if (inSlab && length === (yield* R('memblock_type', MEMBLOCK_MEMORY, 'max'))) return;
  }
};
/** The second doubling after boot: the array that is freed first came from kmalloc(). */
const doubled: Case = {
  machine: arm64(G),
  before: full,
  reader: valid(G),
  hotplug: add(200 * G),
  init_memblock_regions: 1,
};

const SEARCHING = ['v5.2', 'v5.3', 'arm64-v5', 'arm64-v6', 'v5.4', 'v5.7', 'v5.10'];
const CURED = ['v6.1', 'v6.12', 'v7.2'];

describe.each(SEARCHING)('%s: pfn_valid() looks into memblock (B69)', (release) => {
  test('which moves memory aside that is there all the time', () => {
    expect(found(lookup(release, inserted), answers(true))).toEqual(MISSED);
  });

  test('from which boot memory is gone for a moment when what was merged with it goes', () => {
    expect(found(lookup(release, split), answers(true))).toEqual(MISSED);
  });

  test('whose array it may have had the address of before it was freed', () => {
    expect(found(lookup(release, doubled), faults('use-after-free'))).toEqual(FREED);
  });
});

test.each(CURED)('%s: pfn_valid() goes by the section alone', (release) => {
  for (const it of [inserted, split, doubled]) {
    expect(found(lookup(release, it), answers(true))).toBe('proved');
    expect(found(lookup(release, it), anything)).toBe('proved');
  }
});

test.each([...SEARCHING, ...CURED])(
  '%s: memblock itself is searched without a lock to this day',
  (release) => {
    expect(found(lookup(release, { ...inserted, reader: mapped(8 * G) }), answers(true))).toEqual(MISSED);
    expect(found(lookup(release, { ...split, reader: mapped(G) }), answers(true))).toEqual(MISSED);
    expect(found(lookup(release, { ...doubled, reader: mapped(G) }), faults('use-after-free'))).toEqual(
      FREED,
    );
  },
);

describe('v5.10', () => {
  const missed = (it: Case) => found(lookup('v5.10', it), answers(true));
  const madeUp = (it: Case) => found(lookup('v5.10', it), answers(false));

  test('what comes behind all others moves nothing', () => {
    expect(missed({ ...inserted, hotplug: add(9 * G) })).toBe('proved');
  });

  test('a region that is inserted has for a moment the size of the one that was there', () => {
    const hotplug = add(4 * G, G / 2);
    expect(madeUp({ ...inserted, reader: mapped(4.5 * G), hotplug })).toEqual(MADE_UP);
  });

  test('one that is cut has it beyond its end', () => {
    expect(madeUp({ ...split, reader: mapped(3 * G) })).toEqual(MADE_UP);
  });

  test('a region of three goes, and the stale last slot helps the reader', () => {
    const machine = arm64(G, 4 * G, 8 * G);
    for (const at of [G, 8 * G]) {
      expect(missed({ machine, reader: mapped(at), hotplug: remove(4 * G) })).toBe('proved');
    }
  });

  test('of five the fourth moves under a reader who has passed the third', () => {
    const machine = arm64(G, 3 * G, 5 * G, 7 * G, 9 * G);
    expect(missed({ machine, reader: mapped(7 * G), hotplug: remove(G) })).toEqual(MISSED);
  });

  test('two regions that become one keep what they held', () => {
    const machine = arm64(G, 3 * G, 9 * G);
    for (const at of [G, 3 * G, 9 * G]) {
      const before: Code = (k) => k.memblock_insert_region(MEMBLOCK_MEMORY, 1, 2 * G, G, 0, 0);
      const hotplug: Code = (k) => k.memblock_merge_regions(MEMBLOCK_MEMORY);
      expect([at / G, missed({ machine, before, reader: mapped(at), hotplug })]).toEqual([at / G, 'proved']);
    }
  });

  test('the static array is never freed: the first doubling harms nobody', () => {
    const { before: _, ...it } = doubled;
    expect(found(lookup('v5.10', it), anything)).toBe('proved');
    expect(missed(it)).toBe('proved');
  });

  test('NOMAP is read from whatever is in the slot by then', () => {
    const before: Code = (k) => k.memblock_add_node(8 * G, G, 0, MEMBLOCK_NOMAP);
    const it = { machine: arm64(G), before, reader: mapped(8 * G), hotplug: add(4 * G) };
    expect(madeUp(it)).toEqual(MADE_UP);
  });
});

/** Boot memory in one region more than the static array holds; then the array from boot is filled. */
test.each([
  ['v6.1', 'proved'],
  ['v7.2', FREED],
])('%s: the array that boot took from memblock is replaced', (release, verdict) => {
  const ram = [{ start: '1G', size: '1G', count: 9, stride: '2G' }];
  const fill: Code = function* (k) {
    for (let at = 100; at < 107; at++) yield* k.memblock_add_node(2 * at * G, G, 0, 0);
  };
  const it = { machine: { ...arm64(G), ram }, before: fill, reader: mapped(G), hotplug: add(300 * G) };
  const program = lookup(release, { ...it, init_memblock_regions: 1 });
  expect(found(program, faults('use-after-free'))).toEqual(verdict);
});

test('nothing is lost by leaving out orders', () => {
  for (const release of ['v5.2', 'v5.10', 'v7.2']) {
    for (const it of [inserted, split, doubled]) {
      const program = lookup(release, it);
      for (const monitor of [answers(true), faults('use-after-free')])
        expect(found(program, monitor, false)).toEqual(found(program, monitor));
    }
  }
});
