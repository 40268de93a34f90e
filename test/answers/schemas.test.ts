import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { define as diff } from '../../src/cli/commands/answers/diff.ts';
import { define as explain } from '../../src/cli/commands/answers/explain.ts';
import { define as plan } from '../../src/cli/commands/answers/plan.ts';
import { define as why } from '../../src/cli/commands/answers/why.ts';
import * as schemas from '../../src/report/data/answer-schemas.ts';
import { printedBy } from '../in-process.ts';

// What --json prints of recorded machines is what the published schemas say, and nothing else.

const recorded = (name: string): string =>
  fileURLToPath(new URL(`../../recordings/${name.replace(':', '.tar.xz:')}`, import.meta.url));
const MOVABLE = recorded('x86_64-6.1-dimm-movable:3');

afterAll(() => {
  process.exitCode = 0;
});

const CASES: readonly (readonly [define: (command: Command) => void, schema: z.ZodType, args: string[]])[] = [
  [why, schemas.whySchema, ['why', '--all', '-s', MOVABLE]],
  [why, schemas.whySchema, ['why', '--all', '-s', recorded('arm64-6.1-full61:05')]],
  [why, schemas.whySchema, ['why', '--all', '-s', recorded('x86_64-6.1-gigantic:8')]],
  [why, schemas.whySchema, ['why', '--all', '-s', recorded('x86_64-6.1-kmem:2')]],
  [plan, schemas.planAddSchema, ['plan', 'add', '1G', '-s', MOVABLE]],
  [plan, schemas.planAddSchema, ['plan', 'add', '1G', '--at', '0x100200000', '-s', MOVABLE]],
  [plan, schemas.planAddSchema, ['plan', 'add', '127006M', '--kind', 'kmem', '-s', MOVABLE]],
  [plan, schemas.planRemoveSchema, ['plan', 'remove', '512M', '-s', MOVABLE]],
  [plan, schemas.planRemoveSchema, ['plan', 'remove', '13..16', '-s', MOVABLE]],
  [plan, schemas.planLayoutSchema, ['plan', 'pmem', recorded('x86_64-6.1-pmem:1'), '--release', 'v6.1']],
  [plan, schemas.planLayoutSchema, ['plan', 'cxl', '0x440000000+1G', '-s', MOVABLE, '--release', 'v6.12']],
  [
    diff,
    schemas.diffSchema,
    ['diff', recorded('x86_64-6.1-dimm-movable:0'), recorded('x86_64-6.1-dimm-movable:5')],
  ],
  [explain, schemas.explainSchema, ['explain', 'memory memory17: Offline failed.']],
];

test.each(
  CASES.map(([define, schema, args]) => ({ name: args.slice(0, 3).join(' '), define, schema, args })),
)('$name', async ({ define, schema, args }) => {
  const printed = JSON.parse(await printedBy(define, [...args, '--json'])) as unknown;
  expect(schema.safeParse(printed).error?.issues ?? []).toEqual([]);
});
