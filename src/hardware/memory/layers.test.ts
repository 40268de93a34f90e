import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Layers } from './layers.ts';

/** Items are numbers that increase by 10 per place. */
const rule = { shift: (x: number, by: number) => x + 10 * by, same: (a: number, b: number) => a === b };
const edit = fc.record({
  at: fc.integer({ min: -10, max: 20 }),
  n: fc.integer({ min: 1, max: 8 }),
  x: fc.nat(3),
});

test('agrees with a map of sets, and no stretch goes on in the next', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 25 }), (edits) => {
      const layers = new Layers<number>(rule);
      const plain = new Map<number, readonly number[]>();
      for (const { at, n, x } of edits) {
        // toggle an item: add it where it is missing, remove it where it is present
        const first = x + 10 * at;
        const toggled = (items: readonly number[], item: number): readonly number[] =>
          items.includes(item) ? items.filter((y) => y !== item) : [...items, item].sort((a, b) => a - b);
        layers.update(at, n, (l) => toggled(l.items, first + 10 * (l.first - at)));
        for (let i = at; i < at + n; i++) plain.set(i, toggled(plain.get(i) ?? [], first + 10 * (i - at)));
      }
      for (let i = -12; i < 30; i++) expect(layers.at(i)).toEqual(plain.get(i) ?? []);
      const all = layers.all();
      for (const [i, l] of all.entries()) {
        const next = all[i + 1];
        if (next === undefined || l.first + l.n < next.first) continue;
        expect(l.items.map((x) => rule.shift(x, l.n))).not.toEqual(next.items);
      }
      expect(layers.over(-3, 9).flatMap((l) => Array.from({ length: l.n }, (_, k) => l.first + k))).toEqual(
        [-3, -2, -1, 0, 1, 2, 3, 4, 5].filter((i) => (plain.get(i) ?? []).length > 0),
      );
    }),
  );
});
