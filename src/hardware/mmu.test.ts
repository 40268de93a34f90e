import fc from 'fast-check';
import { expect, test } from 'vitest';
import { INVALID } from './descriptor/descriptor.ts';
import { target } from './descriptor/format.ts';
import { encodeMmu } from './encode.ts';
import { access } from './memory/access.ts';
import { writeEntries } from './memory/write.ts';
import { copyMmu, type Mmu } from './mmu.ts';
import * as s from './sample.ts';
import { dsb, isb } from './tlb/barriers.ts';
import { held, reaches } from './tlb/reach.ts';
import { tlbi } from './tlb/tlbi.ts';
import type { Place } from './walks/place.ts';
import { contents, type Serving, servings } from './walks/places.ts';

/** What pages serve as, computed again from the root and the stale records: stretches, each counted `refs` times. */
function recount(m: Mmu): Serving[] {
  const found: Serving[] = [];
  const tables = new Set<string>();
  const add = (it: Serving): void => {
    found.push(it);
    if (!it.place.table) return;
    for (let i = 0; i < it.n; i++) {
      const va = it.place.va + i * step(it.place);
      const key = `${it.first + i} ${va} ${it.place.depth}`;
      if (tables.has(key)) continue;
      tables.add(key);
      for (const e of contents(m, { first: it.first + i, n: 1, va }, it.place.depth))
        servings(m.t, e).forEach(add);
    }
  };
  add({ first: s.ROOT / s.PAGE, n: 1, place: { va: -(2 ** 48), depth: 0, table: true, refs: 1 } });
  m.stale.forEach((layers, depth) => {
    const size = 2 ** m.t.shift[depth]!;
    for (const l of layers.all()) {
      for (const h of l.items) {
        const place = { va: l.first * size, depth: h.table ? depth + 1 : depth, table: h.table, refs: 1 };
        add({ first: target(m.t, h) / s.PAGE, n: h.table ? l.n : (l.n * size) / s.PAGE, place });
      }
    }
  });
  return found;
}

const step = (p: Place): number => (p.table ? 512 * 2 ** s.SHAPE.shift[p.depth]! : s.PAGE);

const text = (places: readonly Place[]): string =>
  places
    .map((p) => `${p.table ? 'table' : 'leaf'} ${p.depth} ${p.va} x${p.refs}`)
    .sort()
    .join(', ');

/** What one page serves as, according to the stretches. */
function serves(found: readonly Serving[], page: number): string {
  const here = new Map<string, Place>();
  for (const { first, n, place } of found) {
    if (page < first || first + n <= page) continue;
    const va = place.va + (page - first) * step(place);
    const key = `${va} ${place.depth} ${place.table}`;
    here.set(key, { ...place, va, refs: place.refs + (here.get(key)?.refs ?? 0) });
  }
  return text([...here.values()]);
}

/** Pages that are tables at times, and pages that hold data which at times looks like a table. */
const PAGES = [s.PUD, s.PMD, s.PTE, s.PTE + s.PAGE, 0x20_000, 0x21_000];
const descriptor = fc.oneof(
  { weight: 2, arbitrary: fc.constant(INVALID) },
  fc.constantFrom(...PAGES).map(s.table),
  fc.nat(4).map((k) => s.leaf(s.RAM + k * s.PAGE)),
  fc.nat(2).map((k) => s.block(s.RAM + k * 2 ** 21)),
  fc.nat(4).map((k) => s.cont(s.RAM + k * 16 * s.PAGE)),
);
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      page: fc.constantFrom(...PAGES),
      index: fc.oneof(fc.nat(3), fc.constantFrom(16, 17, 256, 257, 511)),
      n: fc.constantFrom(1, 1, 2, 16, 20),
      d: descriptor,
      stride: fc.constantFrom(0, s.PAGE, s.PAGE, 2 ** 21),
      cpu: fc.nat(1),
    }),
  },
  fc.record({
    do: fc.constant('dsb' as const),
    kind: fc.constantFrom('ish' as const, 'ishst' as const, 'nsh' as const, 'nshst' as const),
    cpu: fc.nat(1),
  }),
  fc.record({ do: fc.constant('isb' as const), cpu: fc.nat(1) }),
  fc.record({
    do: fc.constant('tlbi' as const),
    all: fc.boolean(),
    page: fc.constantFrom(0, 1, 2, 16, 512),
    pages: fc.constantFrom(1, 3, 512),
    last_level: fc.boolean(),
    broadcast: fc.boolean(),
    cpu: fc.nat(1),
  }),
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function perform(m: Mmu, it: Action): void {
  m.cpu = it.cpu;
  if (it.do === 'write') {
    const n = Math.min(it.n, 512 - it.index);
    const none = it.d === INVALID;
    writeEntries(m, it.page + 8 * it.index, n, it.d, none ? 0 : it.stride);
  } else if (it.do === 'dsb') dsb(m, it.kind);
  else if (it.do === 'isb') isb(m);
  else {
    const { last_level, broadcast, pages } = it;
    tlbi(
      m,
      it.all
        ? { by: 'all', last_level: false, broadcast }
        : { by: 'va', va: s.va(it.page), pages, last_level, broadcast },
    );
  }
}

const steps = fc.array(action, { maxLength: 25 });

test('what each page serves as is what a search from the root and from every stale record finds', () => {
  fc.assert(
    fc.property(steps, (them) => {
      const m = s.sample(20);
      for (const it of them) {
        perform(m, it);
      }
      const found = recount(m);
      const ends = [...found, ...m.places.all()].flatMap((l) => [
        l.first - 1,
        l.first,
        l.first + l.n - 1,
        l.first + l.n,
      ]);
      for (const page of new Set(ends))
        expect(text(m.places.at(page)), `page ${page}`).toBe(serves(found, page));
    }),
    { numRuns: 200 },
  );
});

test('whatever an access comes to is a way that reaches() tells', () => {
  fc.assert(
    fc.property(steps, (them) => {
      const m = s.sample(20);
      for (const it of them) perform(m, it);
      for (const cpu of [0, 1]) {
        m.cpu = cpu;
        for (const page of [0, 1, 2, 3, 15, 16, 17, 512, 513]) {
          for (const o of access(m, s.va(page), false)) {
            if ('fault' in o) continue;
            const ways = reaches(m, o.pa, s.PAGE).filter(
              (r) =>
                r.as === 'leaf' &&
                r.va === s.va(page) &&
                (r.in_memory || r.held_by.includes(cpu) || r.in_flight.includes(cpu)),
            );
            expect(ways.length, JSON.stringify({ page, o })).toBeGreaterThan(0);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a full flush by every CPU leaves nothing held; then page by page or at once is the same state', () => {
  fc.assert(
    fc.property(steps, (them) => {
      const whole = s.sample(20);
      const single = s.sample(20);
      for (const it of them) {
        perform(whole, it);
        if (it.do !== 'write') perform(single, it);
        else {
          const n = Math.min(it.n, 512 - it.index);
          const stride = it.d === INVALID ? 0 : it.stride;
          for (let i = 0; i < n; i++) {
            const d = { addr: it.d.addr + i * stride, attr: it.d.attr };
            perform(single, { ...it, index: it.index + i, n: 1, d: it.d === INVALID ? INVALID : d });
          }
        }
      }
      for (const m of [whole, single]) {
        for (const cpu of [0, 1]) s.on(m, cpu, () => s.flushAll(m));
        expect(held(m, -(2 ** 48), 2 ** 48)).toEqual([]);
        m.violations.length = 0;
      }
      expect(encodeMmu(single)).toBe(encodeMmu(whole));
    }),
    { numRuns: 200 },
  );
});

test('a copy goes its own way', () => {
  fc.assert(
    fc.property(steps, steps, (before, then) => {
      const m = s.sample(20);
      for (const it of before) perform(m, it);
      const text = encodeMmu(m);
      const twin = copyMmu(m);
      for (const it of then) perform(twin, it);
      expect(encodeMmu(m)).toBe(text);
      for (const it of then) perform(m, it);
      expect(encodeMmu(m)).toBe(encodeMmu(twin));
    }),
    { numRuns: 200 },
  );
});

test('a terabyte by base pages stays a few thousand records, and goes without a trace', () => {
  const m = s.sample(0);
  const leaves = 2 ** 41;
  for (let gb = 0; gb < 512; gb++) {
    writeEntries(m, s.PUD + 8 * gb, 1, s.table(0x100_0000 + gb * s.PAGE), 0);
    writeEntries(m, 0x100_0000 + gb * s.PAGE, 512, s.table(leaves + gb * 512 * s.PAGE), s.PAGE);
    writeEntries(m, leaves + gb * 512 * s.PAGE, 262144, s.leaf(2 ** 42 + gb * 2 ** 30), s.PAGE);
    dsb(m, 'ishst');
    isb(m);
  }
  s.flushAll(m);
  expect(m.words.runs).toBeLessThan(10);
  expect(m.places.count).toBeLessThan(10);
  writeEntries(m, leaves, 512 * 262144, INVALID, 0);
  expect(held(m, s.VA, 2 ** 39)).toHaveLength(1);
  s.flushAll(m);
  expect(reaches(m, 2 ** 42, 2 ** 39)).toEqual([]);
});
