import { z } from 'zod';
import { BadOperation } from '../../../errors/bad-operation.ts';
import { release_resource } from '../../../kernel/kernel/resource.ts';
import { returned } from '../../running/result.ts';
import { stepKind } from '../common/kind.ts';
import { range, rangeOf, rangeText } from '../common/values.ts';

export const lose_resource = stepKind({
  schema: z.strictObject(range).meta({ description: 'Someone releases this entry of /proc/iomem' }),
  scene: true,
  text: (step) => `release_resource ${rangeText(step)}`,
  run: ({ state }, step) => {
    const before = state.iomem_resource.children.length;
    release_resource.run(state, ...rangeOf(step));
    if (state.iomem_resource.children.length === before)
      throw new BadOperation('lose_resource: /proc/iomem has no such entry');
    return returned(0);
  },
});
