import type { Steps } from '../../../steps/step.ts';
import type { Kernel } from '../../kernel.ts';
import { change, operation } from '../../ops.ts';
import type { State } from '../../state.ts';
import { namespaces_of } from './region_devs.ts';

const write_labels = operation({
  name: 'write_labels',
  obj: 'nd_region',
  writes: true,
  run: (state: State, region: number): void => {
    const nd_region = state.nd_region.get(region)!;
    nd_region.labels = namespaces_of
      .run(state, region)
      .filter(([, ns]) => ns.size > 0)
      .map(([, { uuid, offset, size }]) => ({ uuid, offset, size }))
      .sort((a, b) => a.offset - b.offset);
  },
});

export const v5_2 = {
  *nd_pmem_namespace_label_update(this: Kernel, region: number): Steps<void> {
    yield* change(write_labels, region);
  },
};
