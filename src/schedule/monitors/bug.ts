import type { Monitor } from './monitor.ts';

/** BUG and oops, expectations that do not hold, and steps that make no sense: an object allocated twice, a thread started twice. */
export const bugs: Monitor = {
  name: 'bug',
  fault: (fault) => (['bug', 'expectation', 'misuse'].includes(fault.kind) ? fault : undefined),
};

/** WARN as a violation. */
export const warnings: Monitor = {
  name: 'warn',
  fault: (fault) => (fault.kind === 'warn' ? fault : undefined),
};
