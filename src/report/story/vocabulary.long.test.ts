import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkEntry } from '../../check/check-entry.ts';
import { readEntry } from '../../check/entry.ts';
import { mainline } from '../../releases/index.ts';
import { toldText } from '../check/check-text.ts';

/** Every story of the catalogue, on every release of the mainline, speaks the kernel's language. */

const scenarios = new URL('../../../scenarios/', import.meta.url);
const entries = readdirSync(scenarios, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readEntry(readFileSync(new URL(name, scenarios), 'utf8'), `scenarios/${name}`))
  .filter(({ id }) => /^B\d/.test(id));

/** What no line of a story may contain, and why. */
const WRONG: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/[{}]|\[\{|\[object/, 'raw JSON'],
  [/\w#\d/, 'an object by table and key'],
  [/undefined|NaN/, 'no value'],
  [/\bzone->\w+ \d|\bzone \d/, 'a zone by number'],
  [
    /(?:state|online_type|section_mem_map|migratetype|online_policy|\.flags)(?: is| =| ->)? -?\d/,
    'a bare number',
  ],
  [/->(?:zone|group) (?:is|=|->) -?\d/, 'a bare number'],
  [/: \.$|\(\): *$|: *$/, 'an empty text'],
  [/\b(?:BUG|WARN|WARN_ON_ONCE|kfree_rcu)\(\)/, 'a macro as a function'],
  [
    /\b(?:set_slot|mem_map_of|fault_of|set_field|copy_slot|set_vm|add_lazy|get_page|remove_links)\(/,
    'a helper',
  ],
];
/** The most characters in a line: of threads, and of steps, which quote the kernel. */
const LONGEST = { threads: 200, steps: 400, memmap: 400 } as const;

describe.each(entries.map((entry) => [entry.id, entry] as const))('%s', (_, entry) => {
  const names = new Set([entry.release, ...entry.fixed, ...mainline.map(({ name }) => name)]);
  test.each([...names])('%s', (release) => {
    const { told } = checkEntry(entry, release);
    if (!told) return;
    for (const line of toldText(told).trimEnd().split('\n')) {
      for (const [pattern, what] of told.kind === 'threads' ? WRONG : WRONG.slice(1, 4))
        expect(pattern.test(line), `${what} in: ${line}`).toBe(false);
      expect(line.length, line).toBeLessThanOrEqual(LONGEST[told.kind]);
    }
  });
});
