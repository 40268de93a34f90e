import { expect, test } from 'vitest';
import {
  BadExpression,
  type ExpressionResult,
  parseCall,
  parseExpression,
  type Scope,
} from './expression.ts';

const scope: Scope = {
  name: (name) => ({ PAGE_SIZE: 16_384, area: -1_061_158_912 })[name],
  call: (name, args) => (name === 'max' ? Math.max(...(args as number[])) : undefined),
};
const value = (text: string): ExpressionResult => parseExpression(text)(scope);

test.each<[string, ExpressionResult]>([
  ['1', 1],
  ['16K', 16_384],
  ['0x10', 16],
  ['-1G + 12M', -(2 ** 30) + 12 * 2 ** 20],
  ['2 * PAGE_SIZE + 1 * 3', 32_771],
  ['2 * (PAGE_SIZE + 1)', 32_770],
  ['10 - 3 - 2', 5],
  ['- -4', 4],
  ["'mapper'", 'mapper'],
  ["'a = b(c)'", 'a = b(c)'],
  ['[1, area, null]', [1, -1_061_158_912, null]],
  ['[]', []],
  ['max(area, -1G)', -1_061_158_912],
  ['1 + 1 == 2 and 3 < 2 or true', true],
  ['PAGE_SIZE != 16K', false],
  ['0 or null or false', false],
])('%s', (text, expected) => {
  expect(value(text)).toEqual(expected);
});

test.each([
  ['', 'its end comes unexpected'],
  ['1 +', 'its end comes unexpected'],
  ['1 2', '"2" comes unexpected'],
  ['(1', '")" is missing before its end'],
  ['f(1', '")" is missing before its end'],
  ['16X', '"16X" is not part of an expression'],
  ['a $ b', '"$ b" is not part of an expression'],
  ['9999999999999999999', '9999999999999999999 is not below 2^53'],
  ['nothing', 'nothing is not known here'],
  ['f(1)', 'f() is not known here'],
  ["1 + 'x'", '+ takes numbers, not "x"'],
])('%s: refused', (text, what) => {
  expect(() => value(text)).toThrow(new BadExpression(what));
});

test('a call is a name and its arguments', () => {
  const { fn, args } = parseCall("touch_kernel(area + 8, true, 'mapper')");
  expect([fn, ...args.map((arg) => arg(scope))]).toEqual(['touch_kernel', -1_061_158_904, true, 'mapper']);
  expect(() => parseCall('vmalloc')).toThrow(new BadExpression('"(" is missing before its end'));
  expect(() => parseCall('1(2)')).toThrow(new BadExpression('"1" comes unexpected'));
});
