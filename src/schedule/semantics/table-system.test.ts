import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DataStep } from '../../steps/perform.ts';
import type { Steps } from '../../steps/step.ts';
import { Runner } from '../runner.ts';
import { explore } from '../search/exploration.ts';

/** Steps of one thread, which may name objects that do not exist. */
const wanted = fc.array(
  fc.record({
    op: fc.constantFrom('read', 'write', 'alloc', 'free', 'add', 'xchg', 'cas'),
    obj: fc.constantFrom('a', 'b'),
    key: fc.nat(1),
    field: fc.constantFrom('x', 'y'),
    value: fc.nat(2),
    expect: fc.nat(2),
  }),
  { maxLength: 30 },
);

/**
 * The steps that can be taken in turn: those whose object exists when they are taken, or for `alloc` does not exist.
 */
function possible(all: readonly (typeof wanted extends fc.Arbitrary<(infer S)[]> ? S : never)[]): DataStep[] {
  const live = new Set(['a#0', 'a#1', 'b#0']);
  return all.flatMap(({ op, obj, key, field, value, expect: expected }): DataStep[] => {
    const name = `${obj}#${key}`;
    if (live.has(name) === (op === 'alloc')) return [];
    if (op === 'alloc') {
      live.add(name);
      return [{ op, obj, key, value: { x: value, y: expected } }];
    }
    if (op === 'free') {
      live.delete(name);
      return [{ op, obj, key }];
    }
    if (op === 'read') return [{ op, obj, key, field }];
    if (op === 'write') return [{ op, obj, key, field, value }];
    return [{ op: 'atomic', kind: op as 'add', obj, key, field, value, expect: expected }];
  });
}

const tables = { a: { 0: { x: 0, y: 1 }, 1: { x: 2, y: 0 } }, b: { 0: { x: 1, y: 1 } } };

test('the explorer does with its tables in numbers what a runner does with tables of objects', () => {
  fc.assert(
    fc.property(wanted, (all) => {
      const steps = possible(all);
      const thread = function* (): Steps<unknown[]> {
        const results: unknown[] = [];
        // what `free` returns says nothing
        for (const step of steps) {
          const result = yield step;
          results.push(step.op === 'free' || step.op === 'write' ? null : result);
        }
        return results;
      };
      const world = Object.fromEntries(
        Object.entries(tables).map(([name, objects]) => [
          name,
          new Map(Object.entries(objects).map(([key, fields]) => [Number(key), { ...fields }])),
        ]),
      );
      const alone = new Runner(world).run(thread());
      const seen: unknown[] = [];
      const end = explore({ name: 'one', tables, threads: [{ name: 'one', run: thread }] })
        .only({
          name: 'seen',
          end(view) {
            seen.push(view.threads[0]!.returned);
            for (const [name, objects] of Object.entries(world)) {
              for (const [key, fields] of objects) {
                for (const [field, value] of Object.entries(fields))
                  expect(view.value(name, key, field)).toBe(value);
              }
            }
            return undefined;
          },
        })
        .states()
        .verdict();
      expect(end.verdict).toBe('proved');
      expect(seen).toEqual([alone.value]);
    }),
    { numRuns: 300 },
  );
});
