import { z } from 'zod';
import { differs, stepKind } from '../common/kind.ts';
import { lacksFunction } from '../common/lacks.ts';
import { unexpected } from '../common/unexpected.ts';
import { bytes, pfnsOf, range, rangeText } from '../common/values.ts';

export const kpageflags = stepKind({
  schema: z.strictObject({ ...range, beyond_end: z.boolean().optional() }).meta({
    description:
      '/proc/kpageflags is read for the pages of a range, v5.7 and later: all of them are told; `beyond_end`: none is, as the file ends before them',
  }),
  text: (step) => `read /proc/kpageflags of ${rangeText(step)}`,
  lacks: ({ kernel }) => lacksFunction(kernel, 'kpageflags_read'),
  run: (session, step) => {
    const [first, end] = pfnsOf(step, session.kernel.c.PAGE_SIZE);
    return session.call(session.kernel.kpageflags_read(first, end - first));
  },
  judge: ({ kernel }, step, { ret }) => {
    const expected = step.beyond_end ? 0 : (bytes(step.size) / kernel.c.PAGE_SIZE) * 8;
    if (ret === expected) return [];
    const path = '/proc/kpageflags';
    const text = `${path} gives ${ret} bytes, expected ${expected}`;
    const what = step.beyond_end ? 'bytes beyond the end' : 'bytes of a file';
    return [unexpected(what, { path, found: ret, expected }, text)];
  },
  answer: differs,
});
