import type { PlacedStep } from '../../steps/within.ts';

const MACROS = new Set(['BUG()', 'WARN()']);

/** "vmap_pte_range() < vmap_pmd_range() < vmap_pud_range()": the calls in which a step is taken, innermost first. */
export function chainText(step: PlacedStep | undefined, most = 3): string {
  const names = (step?.by ?? []).map(({ fn }) => `${fn}()`).reverse();
  const chain = names.filter((name, i) => name !== names[i + 1] && !MACROS.has(name));
  return chain.slice(0, most).join(' < ');
}
