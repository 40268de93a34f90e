import type { Monitor } from './monitor.ts';

/** An access to an object that was freed, or that never existed. */
export const useAfterFree: Monitor = {
  name: 'use-after-free',
  fault: (fault) => (fault.kind === 'use-after-free' || fault.kind === 'wild-access' ? fault : undefined),
};
