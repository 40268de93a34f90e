import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as api from '../explorer.ts';

const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8');
const block = (language: string) => readme.split(`\`\`\`${language}\n`)[1]!.split('```')[0]!;

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
