import { flush } from '../../../../hardware/tlb/sequence.ts';
import type { TlbiOp } from '../../../../hardware/tlb/tlbi.ts';
import type { Steps } from '../../../../steps/step.ts';
import type { Kernel } from '../../../kernel.ts';
import { change, operation } from '../../../ops.ts';
import type { State } from '../../../state.ts';

/** arch/x86/mm/tlb.c: invalidation on all CPUs, by an interrupt that the caller waits for. */

/** on_each_cpu(): every CPU has done it when the caller goes on. */
const on_each_cpu = operation({
  name: 'on_each_cpu',
  obj: 'mmu',
  writes: true,
  tables: () => 'order',
  tell: ([op]) => ({ kind: 'tlbi', op }),
  run: (state: State, op: TlbiOp): void => flush(state.mmu!, op),
});

export const v5_2 = {
  /** CR4.PGE is flipped: everything goes, global translations included. */
  *flush_tlb_all(this: Kernel): Steps<void> {
    yield* change(on_each_cpu, { by: 'all', last_level: false, broadcast: true });
  },
};
