import type { Failure, Subjects } from '../../steps/failure.ts';

/** A violated invariant between operations. `what` is the same text for every object. */
export const broken = (
  invariant: string,
  what: string,
  subjects: Omit<Subjects, 'invariant' | 'what'>,
  text: string,
): Failure => ({
  kind: 'invariant',
  subjects: { invariant, what, ...subjects },
  text: `${invariant}: ${text}`,
});
