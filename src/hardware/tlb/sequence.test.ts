import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONT, INVALID } from '../descriptor/descriptor.ts';
import { encodeMmu } from '../encode.ts';
import { writeEntries } from '../memory/write.ts';
import { copyMmu, type Mmu } from '../mmu.ts';
import * as s from '../sample.ts';
import { dsb, isb } from './barriers.ts';
import { flush, install, synchronize } from './sequence.ts';
import { type TlbiOp, tlbi } from './tlbi.ts';

/** The same instructions, one by one. */
function oneByOne(m: Mmu, op: TlbiOp): void {
  dsb(m, 'ishst');
  tlbi(m, op);
  dsb(m, 'ish');
  isb(m);
}

const page = fc.integer({ min: 0, max: 40 });
const op: fc.Arbitrary<TlbiOp> = fc.record({
  by: fc.constantFrom('va' as const, 'all' as const),
  va: page.map(s.va),
  pages: fc.integer({ min: 1, max: 600 }),
  last_level: fc.boolean(),
  broadcast: fc.constant(true),
});
type Act = (m: Mmu, inOne: boolean) => void;
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(page, fc.integer({ min: 1, max: 20 })).map(
    ([at, n]): Act =>
      (m) =>
        writeEntries(m, s.pte(at), n, INVALID, 0),
  ),
  fc.tuple(page, fc.integer({ min: 1, max: 20 }), fc.constantFrom(0, CONT)).map(
    ([at, n, hint]): Act =>
      (m) =>
        writeEntries(m, s.pte(at), n, s.leaf(s.ram(at), hint), s.PAGE),
  ),
  fc.integer({ min: 0, max: 1 }).map(
    (i): Act =>
      (m) =>
        writeEntries(m, s.PMD + 8 * i, 1, INVALID, 0),
  ),
  fc.integer({ min: 0, max: 1 }).map(
    (i): Act =>
      (m) =>
        writeEntries(m, s.PMD + 8 * i, 1, s.table(s.PTE + i * s.PAGE), 0),
  ),
  fc.integer({ min: 0, max: 1 }).map(
    (cpu): Act =>
      (m) => {
        m.cpu = cpu;
      },
  ),
  fc.constantFrom('ishst' as const, 'ish' as const, 'nsh' as const).map(
    (kind): Act =>
      (m) =>
        dsb(m, kind),
  ),
  op.map(
    (o): Act =>
      (m) =>
        tlbi(m, o),
  ),
  op.map(
    (o): Act =>
      (m, inOne) =>
        (inOne ? flush : oneByOne)(m, o),
  ),
  fc.tuple(page, fc.integer({ min: 1, max: 20 }), fc.constantFrom(0, CONT)).map(
    ([at, n, hint]): Act =>
      (m, inOne) => {
        if (inOne) install(m, s.pte(at), n, s.leaf(s.ram(at), hint), s.PAGE);
        else {
          writeEntries(m, s.pte(at), n, s.leaf(s.ram(at), hint), s.PAGE);
          dsb(m, 'ishst');
          isb(m);
        }
      },
  ),
  fc.constant<Act>((m, inOne) => {
    if (inOne) synchronize(m);
    else {
      dsb(m, 'ishst');
      isb(m);
    }
  }),
);

describe('a sequence in one go', () => {
  test('is the same as its instructions one by one', () => {
    fc.assert(
      fc.property(
        fc.array(act, { minLength: 1, maxLength: 25 }),
        fc.constantFrom(undefined, 'early-tlbi' as const),
        (acts, defect) => {
          const slow = s.sample(40, { attr: 0, ...(defect && { defect }) });
          const fast = copyMmu(slow);
          for (const a of acts) {
            a(slow, false);
            a(fast, true);
            expect(encodeMmu(fast)).toBe(encodeMmu(slow));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('clear and flush, as hot-remove does it, leaves nothing', () => {
    const m = s.sample(40);
    writeEntries(m, s.pte(0), 40, INVALID, 0);
    flush(m, { by: 'va', va: s.va(0), pages: 40, last_level: true, broadcast: true });
    writeEntries(m, s.PMD, 1, INVALID, 0);
    flush(m, { by: 'va', va: s.va(0), last_level: false, broadcast: true });
    expect(m.stale.map((layers) => layers.count)).toEqual([0, 0, 0, 0]);
    expect(m.violations).toEqual([]);
  });
});
