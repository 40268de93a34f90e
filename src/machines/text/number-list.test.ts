import { expect, it } from 'vitest';
import { parseList } from './number-list.ts';

it.each([
  ['0-2,4\n', [0, 1, 2, 4]],
  ['7', [7]],
  ['\n', []],
])('%j is %j', (text, numbers) => {
  expect(parseList(text, 1023, 'x', 'online')).toEqual(numbers);
});

it.each([
  ['0-', 'x: online: "0-" is not a number or range'],
  ['4-2', 'x: online: "4-2" runs backwards'],
  ['0-999999999', 'x: online: "0-999999999" is above 1023'],
  ['1,1', 'x: online: "1" is not ascending'],
])('%j is refused', (text, message) => {
  expect(() => parseList(text, 1023, 'x', 'online')).toThrow(message);
});
