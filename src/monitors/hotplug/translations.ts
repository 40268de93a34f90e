import { vaText } from '../../geometry/translation.ts';
import { CONT } from '../../hardware/descriptor/descriptor.ts';
import { type HeldTranslation, held } from '../../hardware/index.ts';
import type { Config } from '../../kernel/config.ts';
import type { State } from '../../kernel/state.ts';
import type { Failure } from '../../steps/failure.ts';
import { regionOf } from '../region.ts';
import { broken } from './broken.ts';

/**
 * Once an operation is over, no TLB and no walk cache may hold a translation that memory no longer has, and no live
 * entry was changed in a way that the architecture forbids. Instructions in flight (B22) are not checked: they end by
 * themselves.
 */
export function checkTranslations(state: State, c: Config): Failure[] {
  if (!state.mmu) return [];
  const found: Failure[] = [];
  const size = 2 ** c.t.va_bits;
  const stale = held(state.mmu, -size, size).filter((h) => h.held_by.length > 0 && !lazy(state, h));
  const [first] = stale;
  if (first) {
    const what = first.as === 'table' ? `the ${first.level} entry` : `a ${first.level}`;
    const where = at(first.va, first.size, stale.length - 1);
    const { as, level, va, size: bytes } = first;
    found.push(
      broken(
        'translations',
        as === 'table' ? 'stale table' : 'stale leaf',
        { cpus: first.held_by, level, region: regionOf(c, va), va, size: bytes, more: stale.length - 1 },
        `CPU ${first.held_by.join()} may hold ${what} ${where}`,
      ),
    );
  }
  const { violations } = state.mmu;
  for (const rule of new Set(violations.map((v) => v.rule))) {
    const all = violations.filter((v) => v.rule === rule);
    const [{ va, size: bytes, old, now }, more] = [all[0]!, all.length - 1];
    const contiguous = ((old.attr | now.attr) & CONT) !== 0;
    found.push(
      broken(
        'translations',
        rule,
        { region: regionOf(c, va), va, size: bytes, contiguous, more },
        `${rule} ${at(va, bytes, more)}`,
      ),
    );
  }
  return found;
}

/** The areas that vfree() has unmapped and not flushed yet: their addresses are not reused before the flush. */
const lazy = ({ vmap_areas, vmap_purge_list }: State, { as, va, size }: HeldTranslation): boolean =>
  as === 'leaf' &&
  vmap_areas.some(
    ({ va_start, va_end }) => vmap_purge_list.includes(va_start) && va >= va_start && va + size <= va_end,
  );

const at = (va: number, size: number, more: number): string =>
  `at ${vaText(va)} (0x${size.toString(16)} bytes)${more > 0 ? ` and ${more} more` : ''}`;
