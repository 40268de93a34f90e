import { expect, test } from 'vitest';
import { BadOperation } from '../../errors/bad-operation.ts';
import { parseArgv } from './tool.ts';

const parse = (line: string) => {
  const { options, rest } = parseArgv('ndctl', line.split(' '), ['-m', '-r'], ['-f']);
  return { ...Object.fromEntries(options), rest };
};

test.each([
  '-m devdax -r region0 -f x',
  '-mdevdax -rregion0 -f x',
  '--mode=devdax --region=region0 --force x',
  'x --mode devdax --region region0 -f',
])('%s', (line) => {
  expect(parse(line)).toEqual({ '-m': 'devdax', '-r': 'region0', '-f': '', rest: ['x'] });
});

test.each([
  ['--frob=1', 'ndctl: option --frob=1 is not modelled'],
  ['--size=1G', 'ndctl: option --size=1G is not modelled'],
  ['--force=yes', 'ndctl: option --force=yes is not modelled'],
  ['-fx', 'ndctl: option -fx is not modelled'],
  ['x --mode', 'ndctl: option --mode has no value'],
])('%s is refused by name', (line, text) => {
  expect(() => parse(line)).toThrow(new BadOperation(text));
});
