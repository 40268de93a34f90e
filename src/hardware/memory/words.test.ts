import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Words } from './words.ts';

const SIZE = 40;
const write = fc.record({
  at: fc.nat(SIZE - 1),
  n: fc.integer({ min: 1, max: 12 }),
  addr: fc.nat(3).map((x) => x * 4096),
  attr: fc.constantFrom(0, 3, 0x403),
  stride: fc.constantFrom(0, 4096, 8192),
});
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;

const BASE = 0x8000;

/** The same writes, one word at a time, on a plain map. */
function plain(writes: readonly Write[]): Map<number, { addr: number; attr: number }> {
  const map = new Map<number, { addr: number; attr: number }>();
  for (const { at, n, addr, attr, stride } of writes) {
    for (let i = 0; i < n; i++) map.set(at + i, { addr: addr + i * stride, attr });
  }
  return map;
}

function run(writes: readonly Write[]): Words {
  const words = new Words();
  for (const { at, n, addr, attr, stride } of writes) words.fill(BASE + 8 * at, n, { addr, attr }, stride);
  return words;
}

const END = SIZE + 12;

test('agrees with a map of single words', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 30 }), (writes) => {
      const words = run(writes);
      const map = plain(writes);
      const all = words.in(BASE, END);
      for (let i = 0; i < END; i++) {
        const expected = map.get(i) ?? { addr: 0, attr: 0 };
        expect(words.get(BASE + 8 * i)).toEqual(expected);
        const first = words.runAt(BASE + 8 * i, 1);
        expect({ addr: first.addr, attr: first.attr }).toEqual(expected);
        const holder = all.find((r) => r.pa <= BASE + 8 * i && BASE + 8 * i < r.pa + 8 * r.n);
        if (holder === undefined) expect(expected).toEqual({ addr: 0, attr: 0 });
        else expect(holder.addr + ((BASE + 8 * i - holder.pa) / 8) * holder.stride).toBe(expected.addr);
      }
    }),
  );
});

test('a copy is its own, and equal memories have equal canonical runs however they were written', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 15 }), fc.array(write, { maxLength: 5 }), (first, then) => {
      const words = run(first);
      const before = words.canonical();
      const twin = words.copy();
      for (const { at, n, addr, attr, stride } of then) twin.fill(BASE + 8 * at, n, { addr, attr }, stride);
      expect(words.canonical()).toEqual(before);
      const single = new Words();
      const cells = [...plain([...first, ...then])].filter(([, d]) => d.addr !== 0 || d.attr !== 0);
      for (const [at, d] of cells) single.fill(BASE + 8 * at, 1, d, 0);
      expect(twin.canonical()).toEqual(single.canonical());
    }),
  );
});

test('a terabyte of base pages in tables side by side is one run', () => {
  const words = new Words();
  for (let gb = 0; gb < 1024; gb++) {
    words.fill(2 ** 40 + gb * 262144 * 8, 262144, { addr: gb * 2 ** 30, attr: 0x403 }, 4096);
  }
  expect(words.runs).toBe(1);
  words.fill(2 ** 40 + 8, 1, { addr: 0, attr: 0 }, 0);
  expect(words.runs).toBe(2);
  expect(words.runAt(2 ** 40 + 8, 100)).toEqual({ pa: 2 ** 40 + 8, n: 1, addr: 0, stride: 0, attr: 0 });
});

test('sixty-five thousand runs, written in any order, are found again', () => {
  const words = new Words();
  const N = 65536;
  for (let i = 0; i < N; i++) {
    const k = (i * 7919) % N;
    words.fill(16 * k, 1, { addr: ((k * 104729) % N) * 4096, attr: 3 }, 0);
  }
  expect(words.runs).toBe(N);
  for (let k = 0; k < N; k += 997) expect(words.get(16 * k).addr).toBe(((k * 104729) % N) * 4096);
  for (let k = 0; k < N; k++) if (k % 3 > 0) words.fill(16 * k, 1, { addr: 0, attr: 0 }, 0);
  expect(words.runs).toBe(Math.ceil(N / 3));
  words.fill(0, 2 * N, { addr: 0, attr: 0 }, 0);
  expect(words.runs).toBe(0);
});
