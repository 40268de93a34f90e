import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import type { Steps } from '../../../steps/step.ts';
import { mustBeNoRam } from '../common/iomem.ts';
import { stepKind } from '../common/kind.ts';
import { lacksDeviceMemory, lacksFunction } from '../common/lacks.ts';
import { nid, range, rangeOf, rangeText, result } from '../common/values.ts';

export const soft_reserved = stepKind({
  schema: z.strictObject({ ...range, node: nid.default(0), ...result }).meta({
    description: 'The firmware reserves memory for a purpose of its own (EFI_MEMORY_SP); dax_hmem takes it',
  }),
  text: (step) => `Soft Reserved memory at ${rangeText(step)}, node ${step.node}`,
  lacks: ({ kernel }) => lacksDeviceMemory(kernel) ?? lacksFunction(kernel, 'hmem_register_device'),
  run: (session, step) => {
    const { kernel, state } = session;
    const [start, size] = rangeOf(step);
    if (size === 0) throw new BadOperation('Soft Reserved memory has no size');
    mustBeNoRam(state, start, size);
    if (!state.pgdat.has(step.node)) throw new BadOperation(`there is no node ${step.node}`);
    function* describe(): Steps<number> {
      return (
        (yield* kernel.$soft_reserve(start, size)) ||
        (yield* kernel.hmem_register_device(step.node, start, size))
      );
    }
    return session.call(describe());
  },
});
