import { expect, test } from 'vitest';
import type { Failure } from '../steps/failure.ts';
import { alikeKey } from './alike.ts';
import { describes } from './meant.ts';

const read = (subjects: Failure['subjects']): Failure => ({
  kind: 'use-after-free',
  subjects: { what: 'page table entry', access: 'read', pfn: 0x40203, state: 'free', ...subjects },
  text: 'words',
});

const oops = (message: string): Failure => ({
  kind: 'bug',
  subjects: { function: 'clear_page', message },
  text: 'words',
});

test('a description holds of the failures that have its kind and all its subjects, whatever else they have', () => {
  expect(describes({ kind: 'use-after-free' }, read({}))).toBe(true);
  expect(describes({ kind: 'wild-access' }, read({}))).toBe(false);
  const freed = { kind: 'use-after-free', subjects: { state: 'free', freed_by: 'vfree' } } as const;
  expect(describes(freed, read({ freed_by: 'vfree' }))).toBe(true);
  expect(describes(freed, read({ freed_by: 'vunmap' }))).toBe(false);
  expect(describes(freed, read({}))).toBe(false);
});

test('what only a story tells may be missing before it is told', () => {
  const freed = { kind: 'use-after-free', subjects: { freed_by: 'vfree', state: 'free' } } as const;
  expect(describes(freed, read({}), ['freed_by'])).toBe(true);
  expect(describes(freed, read({ state: 'no page table any more' }), ['freed_by'])).toBe(false);
});

test('lists are the same when all they have is', () => {
  const circle = (locks: readonly string[]): Failure => ({
    kind: 'lock-order',
    subjects: { locks },
    text: '',
  });
  const described = { kind: 'lock-order', subjects: { locks: ['a', 'b'] } } as const;
  expect(describes({ ...described, subjects: { locks: ['a', 'b'] } }, circle(['a', 'b']))).toBe(true);
  expect(describes({ ...described, subjects: { locks: ['a', 'b'] } }, circle(['b', 'a']))).toBe(false);
});

test('a text is how the message of the kernel begins', () => {
  expect(describes({ kind: 'bug', text: 'Oops: paging' }, oops('Oops: paging request'))).toBe(true);
  expect(describes({ kind: 'bug', text: 'paging request' }, oops('Oops: paging request'))).toBe(false);
  expect(describes({ kind: 'bug', text: 'words' }, { kind: 'bug', subjects: {}, text: 'words' })).toBe(false);
});

test('alike: the same but for numbers, table levels and who did it', () => {
  const key = alikeKey(read({ freed_by: 'vfree', thread: 'a' }));
  expect(alikeKey(read({ pfn: 1, level: 'PMD', cpus: [1], operation: 'ptdump_show' }))).toBe(key);
  expect(alikeKey(read({ access: 'write' }))).not.toBe(key);
  expect(alikeKey(oops('Oops: paging request'))).not.toBe(alikeKey(oops('Oops: write to read-only memory')));
});
