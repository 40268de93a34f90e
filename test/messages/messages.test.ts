import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { conversions } from '../../src/messages/format.ts';
import { recognise } from '../../src/messages/recognise.ts';
import { hasMessage } from '../../src/messages/releases.ts';
import { messages } from '../../src/messages/table.ts';
import { callsOf, prFmtOf } from './c-source.ts';
import { docsPath, docsText } from './docs.ts';
import { held } from './held.ts';
import { digestOf, hold } from './hold.ts';

describe('the table of messages', () => {
  test('names each conversion of a format once', () => {
    const wrong = messages.filter(({ format, names }) => {
      const given = names?.split(' ') ?? [];
      return (
        given.length !== (format === undefined ? 0 : conversions(format)) ||
        new Set(given).size !== given.length
      );
    });
    expect(wrong).toEqual([]);
  });

  test('has no message twice', () => {
    const keys = messages.map(({ file, fn, call, format, condition, prefix, releases }) =>
      [file, fn, call, format, condition, prefix, releases].join(' '),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('was held against each source tree as it is now (npm run messages -- --tree DIR --write)', () => {
    expect(Object.entries(held).filter(([version, { digest }]) => digest !== digestOf(version))).toEqual([]);
  });

  test('is docs/messages.md (npm run messages -- --tree DIR --write renews it)', () => {
    expect(readFileSync(docsPath, 'utf8')).toBe(docsText(held));
  });
});

test.each([
  ['..5.3', 'v5.2', true],
  ['..5.3', 'v5.4', false],
  ['5.7..5.8, 6.1', '6.1.192', true],
  ['5.7..5.8, 6.1', 'v6.2', false],
  ['6.8..', 'v7.2', true],
] as const)('releases %s: %s has it: %s', (releases, version, has) => {
  expect(hasMessage({ fn: 'f', call: 'pr_info', releases }, version)).toBe(has);
});

test('a point release may have lost a message of its series', () => {
  const entry = { fn: 'f', call: 'pr_info', releases: '..6.8', dropped: '5.4.286, 6.1.192' };
  const has = (version: string): boolean => hasMessage(entry, version);
  expect(['v5.4', '5.4.285', '5.4.286', '6.1.193', '6.6.9'].map(has)).toEqual([
    true,
    true,
    false,
    false,
    true,
  ]);
});

describe('a line of a log', () => {
  const read = (line: string, release?: string) =>
    recognise(line, release).map(({ message: { file, fn }, device, values }) => ({
      file,
      fn,
      device,
      values,
    }));

  test.each([
    [
      'kmem dax0.1: mapping0: 0x100000000-0x147ffffff too small after alignment',
      {
        file: 'drivers/dax/kmem.c',
        fn: 'dev_dax_kmem_probe',
        device: { driver: 'kmem', name: 'dax0.1' },
        values: { mapping: 0, start: 0x100000000, last: 0x147ffffff },
      },
    ],
    [
      'removing memory fails, because memory [0x0000000140000000-0x0000000147ffffff] is onlined',
      {
        file: 'mm/memory_hotplug.c',
        fn: 'check_memblock_offlined_cb',
        device: undefined,
        values: { start: 0x140000000, last: 0x147ffffff },
      },
    ],
    [
      'Fallback order for Node 1: 1 0',
      { file: 'mm/page_alloc.c', fn: 'build_zonelists', device: undefined, values: { nid: 1 } },
    ],
    [
      'kworker/u4:1: vmemmap alloc failure: order:9, mode:0x4cc0(GFP_KERNEL|__GFP_RETRY_MAYFAIL), nodemask=(null),cpuset=/,mems_allowed=0-1',
      { file: 'mm/sparse-vmemmap.c', fn: 'vmemmap_alloc_block', device: undefined, values: { order: 9 } },
    ],
  ])('%s', (line, expected) => {
    expect(read(line, 'v6.1')).toEqual([expected]);
  });

  test('is read for its release only', () => {
    const line = 'kmem dax0.0: probe with driver kmem failed with error -16';
    expect(read(line, 'v6.1')).toEqual([]);
    expect(read(line, 'v6.12')).toMatchObject([{ values: { driver: 'kmem', error: -16 } }]);
    expect(read('kmem: probe of dax0.0 failed with error -16')[0]?.values).toEqual({
      driver: 'kmem',
      device: 'dax0.0',
      error: -16,
    });
  });

  test('of no driver that the model has, or of another form, is none', () => {
    expect(read('nvme nvme0: probe with driver nvme failed with error -16')).toEqual([]);
    expect(read('Offlined Pages many')).toEqual([]);
  });
});

describe('a C file', () => {
  const text = `#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
/* pr_warn("no comment\\n"); */
#define report(x) \\
	printk(KERN_ERR "bad %s\\n", x)
static int __ref probe(struct device *dev)
{
	if (WARN_ON_ONCE(!dev ||
			 gone))
		return -1;
	dev_warn(dev,
		 "could not "
		 "reserve %" PRIx64 "\\n", start);
	return other(")", "}");
}
`;
  test('is read call by call', () => {
    expect(callsOf(text)).toEqual([
      { fn: 'report', call: 'printk', level: 'KERN_ERR', first: 'KERN_ERR "bad %s\\n"', format: 'bad %s' },
      { fn: 'probe', call: 'WARN_ON_ONCE', level: null, first: '!dev || gone', format: null },
      { fn: 'probe', call: 'dev_warn', level: null, first: 'dev', format: 'could not reserve %llx' },
    ]);
    expect(prFmtOf(text)).toBe('<KBUILD_MODNAME>: ');
  });
});

test('a source tree without a message, and one that has a message of other releases, is told', () => {
  const file = 'drivers/dax/kmem.c';
  const source = (of: string): string => `int dev_dax_kmem_probe(int dev) {\n${of}\n}\n`;
  const truncated = 'dev_warn(dev, "DAX region truncated by %s due to alignment\\n", s);';
  const errors = (text: string, version: string) =>
    hold((path) => (path === file ? source(text) : null), version).errors.filter((line) =>
      line.includes('truncated'),
    );
  expect(errors(truncated, '7.2.0')).toEqual([]);
  expect(errors('', '7.2.0')).toEqual([
    `${file} dev_dax_kmem_probe(): dev_warn "DAX region truncated by %s due to alignment": not found`,
  ]);
  expect(errors(truncated, '6.1.0')).toEqual([
    `${file} dev_dax_kmem_probe(): dev_warn "DAX region truncated by %s due to alignment": 6.1.0 has it, and is not among its releases`,
  ]);
});
