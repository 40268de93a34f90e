import type { Monitor } from './monitor.ts';

/** Unlock without lock, sleeping in an atomic section, ending with a lock held. */
export const lockMisuse: Monitor = {
  name: 'lock-misuse',
  fault: (fault) => (fault.kind === 'lock-misuse' ? fault : undefined),
};
