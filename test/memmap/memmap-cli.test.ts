import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

// The built program, as a user starts it (test/global-setup.ts has built it).

const root = new URL('../../', import.meta.url).pathname;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-memmap-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function mhp(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const file = (text: string): string => {
  const path = join(folder, 'scenario.yaml');
  writeFileSync(path, text);
  return path;
};

const B91 = 'scenarios/memmap/B91-clear-over-a-section-edge.yaml';

test('a bug on its release is as expected, and shown with a picture', () => {
  const { status, stdout } = mhp('run', B91);
  expect(status).toBe(0);
  expect(
    stdout,
  ).toBe(`${B91}: tiny, SPARSEMEM_EXTREME, memmaps reversed, gigantic-part1 (2.6.27-rc7 with the first patch for gigantic pages (October 2008): prep alone)
 1  gather_bootmem_prealloc 0x4000+0x4000  success
    took prep_compound_page; 3 tests for a boundary (boundary every 2 pages)
 2  hugetlb_no_page 0x4000+0x4000  success
    took clear_huge_page
    access: clear_huge_page cleared the memory of pfn 0x2-0x3 for that of pfn 0x6-0x7
      c000000000000000  memmap of section 3: pfn 0x6-0x7      <- its memory meant
      c000000000000080  memmap of section 2: pfn 0x4-0x5      <- head
      c000000000000100  memmap of section 1: pfn 0x2-0x3      <- its memory cleared
    contents: pfn 0x6-0x7 keep what was in them: the new owner reads another's data
`);
});

test('on its fix nothing goes wrong; on another release that has it, it is an error', () => {
  expect(mhp('run', B91, '--release', 'v2.6.28').status).toBe(0);
  expect(mhp('run', B91, '--release', 'v2.6.27').status).toBe(1);
});

test('--json names what was reached', () => {
  const { stdout } = mhp('run', B91, '--json');
  const { schema, steps } = JSON.parse(stdout);
  expect(schema).toBe('mhp-run-memmap/1');
  expect(steps[1].accesses).toEqual([
    { function: 'clear_huge_page', access: 'cleared', meant_pfn: 6, pages: 2, pfn: 2, foreign: null },
  ]);
});

test('a machine that cannot be, and a release without struct pages, are bad input', () => {
  const impossible = file(
    'release: v6.1\nmemory: {arch: ppc64, section_size_bits: 20, ram: [{start: 0, size: 1G}]}\nsteps: [{hugepagesz: {size: 16G}}]\n',
  );
  const refused = mhp('run', impossible);
  expect([refused.status, refused.stderr]).toEqual([
    2,
    `mhp: ${impossible}: memory: v6.1 on ppc64 with SPARSEMEM_EXTREME does not build: Allocator MAX_ORDER exceeds SECTION_SIZE (12 + 12 > 20)\n`,
  ]);
  const unknown = mhp('run', B91, '--release', 'v3.0');
  expect(unknown.status).toBe(2);
  expect(unknown.stderr).toContain(
    'mhp: --release: "v3.0" is not a release for struct pages; there are v2.6.27,',
  );
});
