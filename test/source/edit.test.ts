import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Edit, edited } from './edit.ts';

const C = `void other(int x);
static void walk(int a,
		 int b)
{
	take(a);
	if (!fits(a, (b + 1)))
		return;
	for (; a != b; a++)
		visit(a, b);
	clear(a);
	give(visit(b, a));
}
void other(int x)
{
	take(x);
}
`;

const after = (edit: Partial<Edit>): string => edited(C, { file: '', fn: 'walk', about: '', ...edit });

test('statements, conditions, arguments and expressions of one function', () => {
  expect(after({ drop: ['take', 'give'] })).toBe(
    C.replace('\n\ttake(a);', ' ;').replace('\n\tgive(visit(b, a));', ' ;'),
  );
  expect(after({ unless: 'fits' })).toBe(C.replace('if (!fits(a, (b + 1)))\n\t\treturn;', ' ;'));
  expect(after({ move: ['give', 'clear'] })).toBe(
    C.replace('\n\tclear(a);\n\tgive(visit(b, a));', '\n\tgive(visit(b, a));\n\tclear(a); ;'),
  );
  expect(after({ argument: ['visit', 2, 1, 'a + b'] })).toBe(C.replace('visit(b, a)', 'visit(a + b,  a)'));
  expect(after({ expression: ['a != b', 'a < b'] })).toBe(C.replace('a != b', 'a < b'));
  expect(edited(C, { file: '', fn: 'other', about: '', drop: ['take'] })).toBe(
    C.replace('\n\ttake(x);', ' ;'),
  );
});

test.each([
  [{ fn: 'none', drop: ['take'] }, 'no function none()'],
  [{ drop: ['none'] }, 'no call 1 of none()'],
  [{ argument: ['visit', 3, 1, 'a'] }, 'no call 3 of visit()'],
  [{ move: ['take', 'clear'] }, 'take() is before clear() already'],
  [{ expression: ['a == b', 'a'] }, 'no a == b in walk()'],
] as const)('what is not there is named: %#', (edit, message) => {
  expect(() => after(edit as Partial<Edit>)).toThrow(message);
});

test.each([
  ['edits.yaml', 25],
  ['edits-x86.yaml', 16],
])('%s has edits of one way each', (name, count) => {
  const edits = parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as Record<string, unknown>[];
  for (const { file, fn, about, with: _, ...ways } of edits) {
    expect([typeof file, typeof fn, typeof about]).toEqual(['string', 'string', 'string']);
    expect(Object.keys(ways)).toHaveLength(1);
    expect(['drop', 'unless', 'move', 'argument', 'expression']).toContain(Object.keys(ways)[0]);
  }
  expect(edits).toHaveLength(count);
});
