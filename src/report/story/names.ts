import type { PlacedStep } from '../../steps/within.ts';

const MACROS: ReadonlySet<string> = new Set(['BUG', 'WARN', 'WARN_ON_ONCE', 'kfree_rcu']);

/** Whether the kernel has a macro of this name: a backtrace does not show it. */
export const isMacro = (name: string): boolean => MACROS.has(name);

/** "vmap_pte_range() < vmap_pmd_range() < vmap_pud_range()": the calls in which a step is taken, innermost first. */
export function chainText(step: PlacedStep | undefined, most = 3): string {
  const names = (step?.by ?? []).flatMap(({ fn }) => (isMacro(fn) ? [] : [`${fn}()`])).reverse();
  const chain = names.filter((name, i) => name !== names[i + 1]);
  return chain.slice(0, most).join(' < ');
}
