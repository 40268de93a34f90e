import { describe, expect, test } from 'vitest';
import { functionCalls } from '../../src/cli/inputs/function-table.ts';
import { isKernelFunction } from '../../src/kernel/function-names.ts';
import { wants } from '../../src/kernel/wants.ts';
import { mainline, releases } from '../../src/releases/index.ts';
import { defines } from './defines.ts';
import { methods } from './methods.ts';
import { functions } from './table.ts';

const kernels = methods.filter(({ name }) => isKernelFunction(name));

/** Whether a file of src/kernel belongs to a kernel file: it has its path, or lies in a folder of that path. */
const standsFor = (ours: string, kernelFile: string): boolean => {
  const stem = kernelFile.replace(/\.[ch]$/, '');
  return ours === `${stem}.ts` || ours.startsWith(`${stem}/`);
};

describe('src/kernel/functions.yaml', () => {
  test('lists every method that is a function of the kernel, and its file is where the method stands', () => {
    const misplaced = kernels.filter(
      ({ name, file }) => !functions.some((f) => f.name === name && standsFor(file, f.file)),
    );
    expect(misplaced).toEqual([]);
  });

  test('lists nothing that is not modelled', () => {
    const names = new Set(methods.map(({ name }) => name));
    expect(functions.filter(({ name }) => !names.has(name))).toEqual([]);
  });

  test('names modelled releases, the first before the last', () => {
    const order = mainline.map(({ name }) => name);
    const wrong = functions.filter(
      ({ from, until }) =>
        (from !== undefined && order.indexOf(from) < 1) ||
        (until !== undefined && (order.indexOf(until) < 0 || until === order.at(-1))) ||
        (from !== undefined && until !== undefined && order.indexOf(from) > order.indexOf(until)),
    );
    expect(wrong).toEqual([]);
  });

  test('names series that are modelled', () => {
    const wrong = functions.filter(({ series }) => series !== undefined && !releases.has(series));
    expect(wrong).toEqual([]);
  });

  test('its files are in order, and so are the functions of each', () => {
    const names = functions.map(({ file, name }) => `${file} ${name}`);
    expect(names).toEqual(names.toSorted());
  });
});

describe('what a C file defines', () => {
  const text = `/* static int said(int a) { */
#define present_section(ms) \\
	((ms) && 1)
static int __ref add_memory(int nid,
			    u64 start)
{
	return inner(nid);
}
extern void declared(int nid);
online_page_callback_t online_page_callback = generic_online_page;
PAGEFLAG(Reserved, reserved, PF_NO_COMPOUND)
int
old_style(void) {
}
`;
  test.each(['present_section', 'add_memory', 'online_page_callback', 'PageReserved', 'old_style'])(
    '%s',
    (name) => {
      expect(defines(text, name)).toBe(true);
    },
  );
  test.each(['said', 'inner', 'declared', 'generic_online_page', 'PageDirty'])('and not %s', (name) => {
    expect(defines(text, name)).toBe(false);
  });
});

describe('what a function wants held', () => {
  const calls = functionCalls();

  test.each(Object.keys(wants))('%s is modelled, and all of its callers in the catalogue hold it', (fn) => {
    expect(functions.map(({ name }) => name)).toContain(fn);
    const { holds } = wants[fn]!;
    const observed = calls[fn]?.holds ?? [];
    // a lock that only some releases take there is not among those that all callers hold
    if (observed.length > 0 && wants[fn]!.from === undefined)
      expect(holds.filter((lock) => !observed.includes(lock))).toEqual([]);
  });

  test('no function that is called at boot wants a lock', () => {
    for (const fn of ['memblock_add_node', 'vmemmap_populate', '__create_pgd_mapping', 'pfn_valid'])
      expect(wants).not.toHaveProperty(fn);
  });
});
