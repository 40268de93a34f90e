import type { Steps } from '../../../steps/step.ts';
import { list_text } from '../../lib/vsprintf.ts';
import { look, operation } from '../../ops.ts';
import type { State } from '../../state.ts';

/** mm/page_alloc.c, warn_alloc(): what it adds to the text of its caller. */

/** The flags of an allocation as every modelled release prints them. */
export const GFP = {
  KERNEL: '0xcc0(GFP_KERNEL)',
  KERNEL_RETRY_MAYFAIL: '0x4cc0(GFP_KERNEL|__GFP_RETRY_MAYFAIL)',
} as const;

/** The nodes from which a process may allocate, if no cpuset says otherwise. */
const mems_allowed = operation({
  name: 'mems_allowed',
  obj: 'pgdat',
  writes: false,
  run: (state: State): number[] =>
    [...state.pgdat.values()].filter((node) => node.n_memory).map((node) => node.node_id),
});

/** Without the name of the process, which stands before it, and the dump of memory behind it. */
export function* warn_alloc_text(gfp: string, text: string): Steps<string> {
  const allowed = list_text(yield* look(mems_allowed));
  return `${text}, mode:${gfp}, nodemask=(null),cpuset=/,mems_allowed=${allowed}`;
}
