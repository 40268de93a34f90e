import { clear } from './clear.ts';
import { copy } from './copy.ts';
import { follow } from './follow.ts';
import { free } from './free.ts';
import { hugepagesz } from './hugepagesz.ts';
import { pfn_valid } from './pfn-valid.ts';
import { prep } from './prep.ts';
import { add, memory_present, remove } from './sections.ts';
import { hold, lock } from './users.ts';

/** Every kind of step of a scenario of struct pages, by its name in a file. */
export const memSteps = {
  hugepagesz,
  prep,
  clear,
  copy,
  follow,
  free,
  hold,
  lock,
  add,
  remove,
  memory_present,
  pfn_valid,
} as const;
