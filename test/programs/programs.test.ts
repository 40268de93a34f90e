import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { explainLine } from '../../src/answers/explain/explain.ts';
import { PROGRAM_MESSAGES } from '../../src/answers/explain/programs/index.ts';
import { docsText, type Held } from './docs.ts';
import { fault, keyOf, TEXTS } from './hold.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const held = JSON.parse(read('held.json')) as Held;

test('every text was found in a source tree, and no other is noted', () => {
  expect(Object.keys(held).sort()).toEqual([...new Set(TEXTS.map(keyOf))].sort());
  expect(Object.values(held).filter((versions) => versions.length === 0)).toEqual([]);
});

test('docs/program-messages.md is that of the texts', () => {
  expect(read('../../docs/program-messages.md')).toBe(docsText(held));
});

test('a message without a source says where it was reported', () => {
  for (const { sources, reported } of PROGRAM_MESSAGES)
    expect(sources.length > 0 || (reported ?? '') !== '').toBe(true);
});

/** The text as its function would print it. */
function printed(text: string, args: readonly string[]): string {
  const left = [...args];
  return text
    .replaceAll('%m', 'Invalid argument')
    .replaceAll(/%#?(?:ll|l|z)?([dux])/g, (whole, kind: string) =>
      kind === 'x' && whole.includes('#') ? '0x40' : '40',
    )
    .replaceAll('%s', () => left.shift() ?? 'any');
}

/** What a program puts before its messages. */
const BEFORE: Readonly<Record<string, string>> = {
  libvirt: 'error: unsupported configuration: ',
  'systemd-udevd': 'memory40: /usr/lib/udev/rules.d/40-x.rules:3 ',
  'util-linux': 'chmem: ',
};

test.each(TEXTS)('$program: $text', ({ program, fn, file, text, args = [] }) => {
  const before =
    file === 'builtins/common.c'
      ? 'bash: echo: '
      : file === 'src/eval.c'
        ? 'sh: 1: echo: '
        : fn.startsWith('ndctl_')
          ? `libndctl: ${fn}: `
          : (BEFORE[program] ?? '');
  const found = explainLine(`${before}${printed(text, args)}`);
  expect([found?.program, found?.places.map((one) => one.fn)]).toEqual([
    program,
    expect.arrayContaining([fn]),
  ]);
});

test('literals are joined, macros replaced, positions of translations left out', () => {
  const c = `static int here(int n)
{
    error(_("size 0x%" PRIx64
            " of '%1$s' " "\\"x\\""), n);
}
`;
  const source = { file: 'a.c', fn: 'here', text: `size 0x%lx of '%s' "x"` };
  expect(fault(c, source)).toBeNull();
  expect(fault(c, { ...source, fn: 'there' })).toBe('no function there');
  expect(fault(c, { ...source, text: 'size 0x%x' })).toBe('no "size 0x%x"');
});
