import type { Monitor } from './monitor.ts';

/**
 * BUG and oops, expectations that do not hold, and steps that are invalid in their state: an object allocated twice, a
 * thread started twice.
 */
export const bugs: Monitor = {
  name: 'bug',
  fault: (fault) => (['bug', 'expectation', 'misuse'].includes(fault.kind) ? fault : undefined),
};

/** Reports WARN as a violation. */
export const warnings: Monitor = {
  name: 'warn',
  fault: (fault) => (fault.kind === 'warn' ? fault : undefined),
};
