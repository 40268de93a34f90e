import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { isKernelFunction } from '../../src/kernel/function-names.ts';

/*
 * What WARN(), WARN_ON_ONCE() and BUG() take as their place is what __func__ is in the kernel: the function in whose
 * text they stand.
 */

const SRC = new URL('../../src/kernel/', import.meta.url).pathname;

/** Functions of the kernel that the model has as a part of their caller. */
const PART_OF: Readonly<Record<string, readonly string[]>> = {
  __add_pages: ['check_hotplug_memory_addressable'],
  free_one_page: ['__free_one_page'],
  try_remove_memory: ['memory_blocks_have_altmaps', '__remove_memory'],
};

interface Place {
  readonly file: string;
  readonly fn: string;
  readonly place: string;
}

function placesOf(file: string): Place[] {
  const found: Place[] = [];
  const source = ts.createSourceFile(file, readFileSync(SRC + file, 'utf8'), ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node, fn: string): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const [place] = node.arguments;
      if (/^(WARN|WARN_ON_ONCE|BUG)$/.test(node.expression.name.text) && place && ts.isStringLiteral(place))
        found.push({ file, fn, place: place.text });
    }
    const named =
      ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node) ? node.name?.getText() : null;
    ts.forEachChild(node, (child) => visit(child, named ?? fn));
  };
  visit(source, '');
  return found;
}

const places = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .sort()
  .flatMap(placesOf);

/** Helpers of one file are not functions of a table. */
const isHelper = ({ file, fn }: Place): boolean =>
  new RegExp(`^(export )?function\\* ${fn.replace('$', '\\$')}\\(`, 'm').test(
    readFileSync(SRC + file, 'utf8'),
  );

test('a function of the kernel warns in its own name', () => {
  const own = places.filter((at) => isKernelFunction(at.fn) && !isHelper(at));
  expect(own.length).toBeGreaterThan(60);
  expect(own.filter(({ fn, place }) => place !== fn && !PART_OF[fn]?.includes(place))).toEqual([]);
});

test('every function that is a part of its caller warns somewhere', () => {
  const listed = Object.entries(PART_OF).flatMap(([fn, parts]) => parts.map((place) => `${fn} ${place}`));
  const found = new Set(places.map(({ fn, place }) => `${fn} ${place}`));
  expect(listed.filter((pair) => !found.has(pair))).toEqual([]);
});
