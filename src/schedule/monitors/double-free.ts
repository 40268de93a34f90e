import type { Monitor } from './monitor.ts';

/** An object is freed that was freed before. */
export const doubleFree: Monitor = {
  name: 'double-free',
  fault: (fault) => (fault.kind === 'double-free' ? fault : undefined),
};
