import type { Failure, Subjects } from '../../../steps/failure.ts';

/** What a scenario expects and does not get. */
export const unexpected = (what: string, subjects: Omit<Subjects, 'what'>, text: string): Failure => ({
  kind: 'expectation',
  subjects: { what, ...subjects },
  text,
});
