import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { listedFunctions } from '../../src/cli/inputs/function-table.ts';
import { LOCKS } from '../../src/scenarios/interleaved/locks.ts';
import { EXPRESSION_FUNCTIONS, EXPRESSION_NAMES } from '../../src/scenarios/interleaved/names.ts';

const root = new URL('../../', import.meta.url);
const doc = readFileSync(new URL('docs/scenarios.md', root), 'utf8');

test('the example is the scenario of examples/scenarios', () => {
  const { why: _, ...example } = parse(
    readFileSync(new URL('examples/scenarios/longterm-pin.yaml', root), 'utf8'),
  ) as Record<string, unknown>;
  expect(parse(/```yaml\n([\s\S]*?)```/.exec(doc)![1]!)).toEqual(example);
});

test('every name that an expression may have is listed', () => {
  const missing = [...EXPRESSION_NAMES, ...EXPRESSION_FUNCTIONS].filter(
    (name) => !new RegExp(`\`${name}[\`(]`).test(doc),
  );
  expect(missing).toEqual([]);
});

test('every function that is named can be called', () => {
  const known = new Set([
    ...listedFunctions().map(({ name }) => name),
    ...Object.keys(LOCKS),
    ...EXPRESSION_FUNCTIONS,
  ]);
  const refused = new Set(['get_user_pages_fast', 'f']);
  const named = [...doc.matchAll(/`(?:\w+ = )?([a-z_]\w+)\(/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((name) => !known.has(name) && !refused.has(name))).toEqual([]);
});
