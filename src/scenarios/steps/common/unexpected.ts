import type { Failure, Subjects } from '../../../steps/failure.ts';

/** A failure of an expectation that a scenario states. */
export const unexpected = (what: string, subjects: Omit<Subjects, 'what'>, text: string): Failure => ({
  kind: 'expectation',
  subjects: { what, ...subjects },
  text,
});
