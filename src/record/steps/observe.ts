import type { Performer } from './performer.ts';

/** Steps that only look: the files of the step's folder show what there is. */

const looks = (text: (step: never) => string): Performer<never> => ({
  async *perform(_, step) {
    yield { op: 'observe', text: text(step) };
  },
});

export const expect = looks(({ path }: { path: string }) => `cat ${path}`) as Performer<'expect'>;
export const page = looks(() => 'a page') as Performer<'page'>;
export const kpageflags = looks(() => 'cat /proc/kpageflags') as Performer<'kpageflags'>;
