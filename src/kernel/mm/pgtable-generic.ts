import { type Descriptor, toWord } from '../../hardware/descriptor/descriptor.ts';

import type { Kernel } from '../kernel.ts';

/** mm/pgtable-generic.c: what pgd_clear_bad() and its like print with the line on which they stand. */

type Bad = 'pgd' | 'p4d' | 'pud' | 'pmd';

/** pgd_ERROR() and its like. */
export const bad_entry_text = (k: Kernel, level: Bad, d: Descriptor): string => {
  const word = toWord(d).toString(16).padStart(16, '0');
  return `mm/pgtable-generic.c:${k.$bad_entry_lines()[level]}: bad ${level} ${word}.`;
};

export const v5_2 = {
  $bad_entry_lines(this: Kernel): Readonly<Record<Bad, number>> {
    return { pgd: 23, p4d: 29, pud: 35, pmd: 41 };
  },
};

export const v5_7 = {
  $bad_entry_lines(this: Kernel): Readonly<Record<Bad, number>> {
    return { pgd: 23, p4d: 30, pud: 38, pmd: 50 };
  },
};

export const v6_1 = {
  $bad_entry_lines(this: Kernel): Readonly<Record<Bad, number>> {
    return { pgd: 24, p4d: 31, pud: 39, pmd: 51 };
  },
};

/** v6.6 to v6.19 */
export const v6_6 = {
  $bad_entry_lines(this: Kernel): Readonly<Record<Bad, number>> {
    return { pgd: 27, p4d: 34, pud: 42, pmd: 54 };
  },
};

export const v7_0 = {
  $bad_entry_lines(this: Kernel): Readonly<Record<Bad, number>> {
    return { pgd: 31, p4d: 38, pud: 46, pmd: 58 };
  },
};

export const v7_2 = {
  $bad_entry_lines(this: Kernel): Readonly<Record<Bad, number>> {
    return { pgd: 29, p4d: 36, pud: 44, pmd: 56 };
  },
};
