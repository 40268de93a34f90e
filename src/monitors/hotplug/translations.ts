import { va_text } from '../../geometry/translation.ts';
import { held } from '../../hardware/index.ts';
import type { Config } from '../../kernel/config.ts';
import type { State } from '../../kernel/state.ts';

/**
 * FACTS section 7, 1 to 3: once an operation is over, no TLB and no walk cache may hold what memory no longer says, and
 * no live entry was changed in a way the architecture forbids. Instructions in flight (B22) are left out: they end by
 * themselves.
 */
export function check_translations(state: State, c: Config): string[] {
  if (!state.mmu) return [];
  const broken: string[] = [];
  const size = 2 ** c.t.va_bits;
  for (const h of held(state.mmu, -size, size)) {
    if (h.held_by.length === 0) continue;
    const what = h.as === 'table' ? `the ${h.level} entry` : `a ${h.level}`;
    broken.push(
      `CPU ${h.held_by.join()} may hold ${what} at ${va_text(h.va)} (0x${h.size.toString(16)} bytes)`,
    );
  }
  for (const { rule, va, size } of state.mmu.violations) {
    broken.push(`${rule} at ${va_text(va)} (0x${size.toString(16)} bytes)`);
  }
  return broken;
}
