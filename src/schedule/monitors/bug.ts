import type { Monitor } from './monitor.ts';

/** BUG and oops, and steps that make no sense: an object allocated twice, a thread started twice. */
export const bugs: Monitor = {
  name: 'bug',
  fault: (fault) => (fault.kind === 'bug' || fault.kind === 'misuse' ? fault.text : undefined),
};

/** WARN as a violation. */
export const warnings: Monitor = {
  name: 'warn',
  fault: (fault) => (fault.kind === 'warn' ? fault.text : undefined),
};
