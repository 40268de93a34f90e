import { expect, test } from 'vitest';
import { replacedFunctions } from './replaced.ts';

const module = (...functions: readonly string[]) => ({ file: 'own.c', text: `${functions.join('\n')}\n` });
const defines = (signature: string): string => `define ${signature} {\nentry:\n  unreachable\n}`;
const tree = [
  module(defines('internal i32 @inner(ptr %p)'), defines('void @outer(i64 %n)'), 'declare void @called(ptr)'),
];

test('functions that the tree has, static ones included, or calls', () => {
  const own = module(
    defines('i32 @inner(ptr %x)'),
    defines('void @outer(i64 %n)'),
    defines('void @called(ptr %p)'),
    defines('void @more()'),
  );
  expect(replacedFunctions(own, tree)).toEqual([
    { name: 'inner', alike: true },
    { name: 'outer', alike: true },
    { name: 'called', alike: true },
  ]);
});

test.each([
  [[]],
  [[defines('void @other(i64 %n)')]],
  [[defines('internal void @outer(i64 %n)')]],
  [['declare void @outer(i64)']],
])('none: %j', (functions) => {
  expect(replacedFunctions(module(...functions), tree)).toEqual([]);
});

test.each(['void @outer(i32 %n)', 'void @outer()', 'i32 @outer(i64 %n)', 'void @outer(i64 %n, ...)'])(
  'not alike: %s',
  (signature) => {
    expect(replacedFunctions(module(defines(signature)), tree)).toEqual([{ name: 'outer', alike: false }]);
  },
);
