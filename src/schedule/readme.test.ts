import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as api from '../explorer.ts';
import { racers } from './programs/racers.ts';

const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8');
const block = (language: string, nr = 1) => readme.split(`\`\`\`${language}\n`)[nr]!.split('```')[0]!;

test('the example of the README prints what the README says', () => {
  const [, names, body] = block('js').match(/^import \{(.*)\} from 'mhp\/explorer';\n([\s\S]*)$/)!;
  const imported = names!.split(',').map((n) => n.trim());
  expect(block('js').trim().split('\n').length).toBeLessThanOrEqual(20);
  const printed: string[] = [];
  const out = { log: (...words: unknown[]) => printed.push(words.join(' ')) };
  const values = imported.map((n) => (api as Record<string, unknown>)[n]);
  new Function(...imported, 'console', body!)(...values, out);
  expect(`${printed.join('\n')}\n`).toBe(block('text'));
});

test('the search of the README that is stopped goes on to the end', async () => {
  const AsyncFunction = (async () => {}).constructor as new (
    ...parts: string[]
  ) => (...values: unknown[]) => Promise<{ verdict: api.Verdict; bytes: unknown }>;
  const run = new AsyncFunction(
    'explore',
    'program',
    'signal',
    `${block('js', 2)}; return { verdict, bytes };`,
  );
  const { verdict, bytes } = await run(api.explore, racers(3, 4), new AbortController().signal);
  expect(bytes).toBeInstanceOf(Uint8Array);
  const { stats } = api.explore(racers(3, 4)).states().verdict();
  expect(verdict).toMatchObject({ verdict: 'proved', stats: { states: stats.states } });
  const short = await run(api.explore, racers(2, 1), new AbortController().signal);
  expect([short.verdict.verdict, short.bytes]).toEqual(['proved', undefined]);
});
