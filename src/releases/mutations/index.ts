import type { Release } from '../define.ts';
import { B12b_cure } from './B12b.ts';
import { B17_mutant, B17b_mutant } from './B17.ts';
import { B18_mutant } from './B18.ts';
import { B21 } from './B21.ts';
import { B24_mutant } from './B24.ts';
import { B25a_mutant, B25b_mutant } from './B25.ts';
import { B27b_cure } from './B27b.ts';
import { B33b } from './B33b.ts';
import { B36_mutant } from './B36.ts';
import { B36d_cure } from './B36d.ts';
import { B37_mutant } from './B37.ts';
import { B38_mutant, B38b_mutant } from './B38.ts';
import { B41a_mutant, B41b_mutant } from './B41.ts';
import { B42_mutant } from './B42.ts';
import { B61a_mutant, B61b_mutant } from './B61.ts';
import { B76 } from './B76.ts';
import { B77 } from './B77.ts';
import { B80_mutant } from './B80.ts';
import { B99_mutant, B99b_mutant } from './B99.ts';
import { B125b_mutant } from './B125b.ts';

import { B22b_mutant, B24b_mutant, B24c_amd, B24c_cure, B25d_mutant } from './x86-flush.ts';
import { B28b_mutant, B29b_mutant } from './x86-memmap.ts';
import {
  B10b_mutant,
  B14b_mutant,
  B18b_mutant,
  B25c_mutant,
  B26b_mutant,
  x86_B17b_mutant,
} from './x86-remove.ts';

/** Releases with one thing changed: as a tree between two of them had it, or wrong as none ever was (the catalogue's mutations). */
export const mutations: readonly Release[] = [
  ...[B17_mutant, B17b_mutant, B18_mutant, B21, B24_mutant, B25a_mutant, B25b_mutant],
  ...[B12b_cure, B27b_cure],
  ...[B33b, B36_mutant, B37_mutant, B38_mutant, B38b_mutant],
  ...[B41a_mutant, B41b_mutant, B42_mutant, B61a_mutant, B61b_mutant, B76, B77, B80_mutant],
  ...[B99_mutant, B99b_mutant],
  ...[B10b_mutant, B14b_mutant, x86_B17b_mutant, B18b_mutant, B22b_mutant, B24b_mutant, B25c_mutant],
  ...[B25d_mutant, B26b_mutant, B28b_mutant, B29b_mutant, B36d_cure, B125b_mutant],
  ...[B24c_amd, B24c_cure],
];
