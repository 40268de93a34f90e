import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ARM64, booted, G, M, play, run } from '../../../../test/kit.ts';
import type { Session } from '../../../scenarios/running/session.ts';
import { memblock as memblock_lines } from '../../fs/proc/files.ts';
import { MEMBLOCK_MEMORY, MEMBLOCK_RESERVED, type memblock_region } from '../../state.ts';
import {
  MEMBLOCK_DRIVER_MANAGED,
  MEMBLOCK_HOTPLUG,
  MEMBLOCK_NOMAP,
  MEMBLOCK_NONE,
  memblock_capacity,
  memblock_search,
} from './memblock.ts';
import { memblock_array } from './slots.ts';

const UNITS = 20;
const UNIT = 0x1000;

type Unit = { readonly nid: number; readonly flags: number } | null;

/** Maximal runs of equal units: the result that any sequence of operations must give. */
function canonical(units: readonly Unit[]): memblock_region[] {
  const regions: memblock_region[] = [];
  for (const [i, unit] of units.entries()) {
    if (!unit) continue;
    const before = regions.at(-1);
    if (
      before &&
      before.base + before.size === i * UNIT &&
      before.nid === unit.nid &&
      before.flags === unit.flags
    ) {
      regions[regions.length - 1] = { ...before, size: before.size + UNIT };
    } else regions.push({ base: i * UNIT, size: UNIT, nid: unit.nid, flags: unit.flags });
  }
  return regions;
}

const empty = (explored = false): Session => {
  const session = booted('v6.1', ARM64, { explored });
  session.state.memblock_type.set(MEMBLOCK_MEMORY, memblock_array([], 128));
  return session;
};
const regions = (session: Session, type = MEMBLOCK_MEMORY): readonly memblock_region[] =>
  session.state.memblock_type.get(type)!.regions;

const place = fc
  .tuple(fc.nat(UNITS), fc.nat(UNITS))
  .map(([first, n]) => ({ first, n: Math.min(n, UNITS - first) }));
const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('add' as const),
      at: place,
      nid: fc.nat(2),
      flags: fc.constantFrom(0, MEMBLOCK_NOMAP, MEMBLOCK_HOTPLUG, MEMBLOCK_DRIVER_MANAGED),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), at: place }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('clear_nomap' as const), at: place }) },
);

const WAYS = [
  ['at once', false],
  ['slot by slot', true],
] as const;

describe.each(WAYS)('any sequence of add, remove and clear_nomap, done %s,', (_, explored) => {
  test('holds what a plain array of units holds, in the fewest regions, and finds every address', () => {
    const session = empty(explored);
    const k = session.kernel;
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 14 }), (operations) => {
        session.state.memblock_type.set(MEMBLOCK_MEMORY, memblock_array([], 128));
        const units: Unit[] = new Array<Unit>(UNITS).fill(null);
        for (const step of operations) {
          const { first, n } = step.at;
          const [base, size] = [first * UNIT, n * UNIT];
          let thread = k.memblock_remove(base, size);
          if (step.op === 'add') thread = k.memblock_add_node(base, size, step.nid, step.flags);
          if (step.op === 'clear_nomap') thread = k.memblock_clear_nomap(base, size);
          expect(run(session, thread).value).toBe(0);
          for (let i = first; i < first + n; i++) {
            const old = units[i] ?? null;
            if (step.op === 'add') units[i] = old ?? { nid: step.nid, flags: step.flags };
            else if (step.op === 'remove') units[i] = null;
            else if (old) units[i] = { ...old, flags: old.flags & ~MEMBLOCK_NOMAP };
          }
          expect(regions(session)).toEqual(canonical(units));
        }
        for (const [i, unit] of units.entries()) {
          const mapped = run(session, k.memblock_is_map_memory(i * UNIT + 5)).value;
          expect(mapped).toBe(unit !== null && !(unit.flags & MEMBLOCK_NOMAP));
          const found = memblock_search(regions(session), i * UNIT + UNIT - 1);
          expect(found >= 0).toBe(unit !== null);
          if (unit) expect(regions(session)[found]).toMatchObject(unit);
        }
      }),
      { seed: 11, numRuns: 1500 },
    );
  });
});

describe('a change done at once', () => {
  test('is a write of its own: a reader sees a sorted array without overlaps at each of them', () => {
    const session = empty();
    const { kernel: k, state } = session;
    state.memblock_type.get(MEMBLOCK_MEMORY)!.regions = [
      { base: 0, size: 2 * UNIT, nid: 0, flags: 0 },
      { base: 4 * UNIT, size: 2 * UNIT, nid: 0, flags: 0 },
      { base: 8 * UNIT, size: 2 * UNIT, nid: 1, flags: 0 },
    ];
    const seen: number[] = [];
    for (const thread of [k.memblock_add_node(UNIT, 10 * UNIT, 0, 0), k.memblock_remove(UNIT, 6 * UNIT)]) {
      let next = thread.next();
      while (!next.done) {
        const step = next.value;
        const type = state.memblock_type.get(MEMBLOCK_MEMORY)!;
        if (step.op === 'read') next = thread.next(type[step.field as 'regions' | 'max']);
        else if (step.op === 'write') {
          Object.assign(type, { [step.field]: step.value });
          for (const [i, region] of type.regions.entries()) {
            const before = type.regions[i - 1];
            if (before) expect(before.base + before.size).toBeLessThanOrEqual(region.base);
          }
          seen.push(type.regions.length);
          next = thread.next();
        } else next = thread.next(step.op === 'call' ? step.operation.run(state, ...step.args) : undefined);
      }
      expect(next.value).toBe(0);
    }
    // three gaps are filled one after another and neighbours merged; then both ends are split, the middle one by one
    expect(seen).toEqual([4, 5, 6, 3, 4, 5, 4]);
  });
});

describe.each(WAYS)('the array, changed %s,', (_, explored) => {
  const many = (session: Session, n: number, max: number): void => {
    const islands = Array.from({ length: n }, (_, i) => ({
      base: 2 * i * UNIT,
      size: UNIT,
      nid: 0,
      flags: 0,
    }));
    session.state.memblock_type.set(MEMBLOCK_MEMORY, memblock_array(islands, max));
  };

  test.each([
    [0, 128],
    [1, 128],
    [128, 128],
    [129, 256],
    [1025, 2048],
  ])('of %i regions after boot has room for %i', (count, max) =>
    expect(memblock_capacity(count, 128)).toBe(max),
  );

  test('is filled to the last place without doubling', () => {
    const session = empty(explored);
    many(session, 127, 128);
    expect(run(session, session.kernel.memblock_add_node(1000 * UNIT, UNIT, 0, 0)).value).toBe(0);
    expect(session.state.memblock_type.get(MEMBLOCK_MEMORY)!.max).toBe(128);
    expect(run(session, session.kernel.memblock_add_node(2000 * UNIT, UNIT, 0, 0)).value).toBe(0);
    expect(session.state.memblock_type.get(MEMBLOCK_MEMORY)!.max).toBe(256);
  });

  test('a range over many gaps doubles it as often as it takes, though all merge in the end', () => {
    const session = empty(explored);
    many(session, 100, 100);
    expect(run(session, session.kernel.memblock_add_node(0, 400 * UNIT, 0, 0)).value).toBe(0);
    expect(regions(session)).toEqual([{ base: 0, size: 400 * UNIT, nid: 0, flags: 0 }]);
    expect(session.state.memblock_type.get(MEMBLOCK_MEMORY)!.max).toBe(200);
  });

  test('needs two places more for a removal, even one that removes nothing', () => {
    const session = empty(explored);
    many(session, 127, 128);
    expect(run(session, session.kernel.memblock_remove(5000 * UNIT, UNIT)).value).toBe(0);
    expect(session.state.memblock_type.get(MEMBLOCK_MEMORY)!.max).toBe(256);
    expect(run(session, session.kernel.memblock_remove(5000 * UNIT, 0)).value).toBe(0);
  });

  test.each(['memblock_add_node', 'memblock_remove', 'memblock_clear_nomap'] as const)(
    '%s that cannot double it is -ENOMEM, says so, and changes nothing',
    (name) => {
      const session = empty(explored);
      many(session, 128, 128);
      const before = regions(session);
      session.state.vars.get(0)!.fail_alloc = { memblock_double_array: 1 };
      const k = session.kernel;
      const thread =
        name === 'memblock_add_node' ? k.memblock_add_node(900 * UNIT, UNIT, 0, 0) : k[name](0, UNIT);
      const outcome = run(session, thread);
      expect(outcome.value).toBe(-12);
      expect(outcome.events).toEqual([
        {
          kind: 'printk',
          level: 3,
          text: 'memblock: Failed to double memory array from 128 to 256 entries !',
        },
      ]);
      expect(regions(session)).toBe(before);
    },
  );

  test('reserved is another array', () => {
    const session = empty(explored);
    const whole = { base: 0, size: 4 * UNIT, nid: -1, flags: 0 };
    session.state.memblock_type.set(MEMBLOCK_RESERVED, memblock_array([whole], 128));
    expect(run(session, session.kernel.memblock_phys_free(UNIT, UNIT)).value).toBe(0);
    expect(regions(session, MEMBLOCK_RESERVED)).toEqual([
      { base: 0, size: UNIT, nid: -1, flags: 0 },
      { base: 2 * UNIT, size: 2 * UNIT, nid: -1, flags: 0 },
    ]);
    expect(regions(session)).toEqual([]);
  });
});

describe('add_memory when memblock has no room', () => {
  const machine = (count: number) => ({
    arch: 'arm64',
    ram: [{ start: '1G', size: '128M', count, stride: '256M' }],
  });
  const add = (release: string, count: number) =>
    play(
      booted(release, machine(count)),
      { fail: { site: 'memblock_double_array', times: 8 } },
      { add: { start: 400 * G, size: G, expect: 'any' } },
    )[1]!;

  test.each(['v6.1', 'v6.12', 'v7.2'])('%s: -ENOMEM, nothing left', (release) => {
    const outcome = add(release, 1024);
    expect(outcome.result).toBe('ENOMEM');
    expect(outcome.changes).toEqual([]);
    expect(outcome.failures).toEqual([]);
  });

  test.each(['v5.2', 'v5.3', 'v5.4', 'v5.7', 'v5.10'])(
    '%s: success, and memblock does not know it',
    (release) => {
      const outcome = add(release, 128);
      expect(outcome.result).toBe('success');
      expect(outcome.failures).toEqual([
        {
          kind: 'invariant',
          subjects: { invariant: 'memblock', operation: 'add', section: 400, what: 'no region' },
          text: 'memblock: section 400 is valid and memblock.memory does not hold it',
        },
      ]);
    },
  );

  test('on x86-64 memblock is gone after boot (v5.7+): nothing can fail', () => {
    const x86 = { arch: 'x86_64', ram: [{ start: 0, size: '1G', count: 128, stride: '2G' }] };
    const session = booted('v6.1', x86);
    const before = regions(session);
    const [, outcome] = play(
      session,
      { fail: { site: 'memblock_double_array', times: 8 } },
      { add: { start: 512 * G, size: 2 * G } },
    );
    expect(outcome!.result).toBe('success');
    expect(regions(session)).toBe(before);
  });
});

describe('hot-added memory in memblock (arm64)', () => {
  const added = { base: 4 * G, size: 128 * M, nid: 1, flags: MEMBLOCK_NONE };

  test('removal from the middle splits; adding again heals', () => {
    const session = booted('v6.1', ARM64);
    play(session, { add: { start: '4G', size: '384M', node: 1 } });
    const whole = regions(session);
    expect(whole[1]).toEqual({ ...added, size: 384 * M });
    play(session, { remove: { start: 4 * G + 128 * M, size: '128M' } });
    expect(regions(session).slice(1)).toEqual([added, { ...added, base: 4 * G + 256 * M }]);
    play(session, { add: { start: 4 * G + 128 * M, size: '128M', node: 1 } });
    expect(regions(session)).toEqual(whole);
  });

  test('driver-managed memory and memory of another node stay apart (6.12 prints both columns)', () => {
    const session = booted('v6.12', ARM64);
    play(
      session,
      { add: { start: '3G', size: '128M', node: 0 } },
      { add: { start: 3 * G + 128 * M, size: '128M', node: 1 } },
      { add_driver_managed: { start: 3 * G + 256 * M, size: '128M', node: 1 } },
    );
    expect([...memblock_lines(regions(session), true)].join('')).toBe(
      '   0: 0x0000000040000000..0x00000000c7ffffff    0 NONE\n' +
        '   1: 0x00000000c8000000..0x00000000cfffffff    1 NONE\n' +
        '   2: 0x00000000d0000000..0x00000000d7ffffff    1 DRV_MNG\n',
    );
    expect([...memblock_lines(regions(session), false)][2]).toBe(
      '   2: 0x00000000d0000000..0x00000000d7ffffff\n',
    );
    expect([...memblock_lines([{ base: 0, size: 4096, nid: -1, flags: 0 }], true)]).toEqual([
      '   0: 0x0000000000000000..0x0000000000000fff    x NONE\n',
    ]);
  });
});
