import type { Failure, Subjects } from '../../steps/failure.ts';

/** Something that must hold between operations and does not: `what` is the same whatever it is about. */
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
