import { expect, test } from 'vitest';
import { OWN } from '../../../test/source/own-kernel.ts';
import { SourceProgram } from '../../source/program.ts';
import { programFinder } from './find-program.ts';

const NAME = 'B24 on v6.1~0123abcd in 4K/48 with the layout of v6.1';

test("a token of a kernel's own C needs its bundle, and no other", () => {
  expect(() => programFinder()(NAME)).toThrow(
    "the token is of B24 on v6.1~0123abcd, a kernel's own C: name its bundle with --source",
  );
  const own = new SourceProgram({ ...OWN, hash: '89abcdef01' });
  expect(() => programFinder(undefined, own)(NAME)).toThrow(
    'the token is of B24 on v6.1~0123abcd, and the bundle is v6.1~89abcdef',
  );
});
