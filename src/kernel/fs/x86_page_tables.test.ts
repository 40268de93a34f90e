import { expect, test } from 'vitest';
import { boot } from '../../boot/boot.ts';
import { parseMachineFile } from '../../machines/machine-file/machine-file.ts';
import { findRelease } from '../../releases/index.ts';
import { Session } from '../../scenarios/running/session.ts';

const RAM = `arch: x86_64
ram: [{start: 0, size: 3G}, {start: 4G, size: 1G}]
holes: [{start: 0x9f000, size: 0x61000}]
`;

const printed = (release: string, text: string): string =>
  [...new Session(boot(parseMachineFile(text, 'test'), findRelease(release)!)).pageTables()].join('\n');

const LINEAR = `0xffff888000200000-0xffff888040000000        1022M     RW         PSE     GLB NX pmd
0xffff888040000000-0xffff8880c0000000           2G     RW         PSE     GLB NX pud
0xffff8880c0000000-0xffff888100000000           1G                               pud
0xffff888100000000-0xffff888140000000           1G     RW         PSE     GLB NX pud
0xffff888140000000-0xffff890000000000         507G                               pud
0xffff890000000000-0xffffc90000000000          64T                               pgd`;
const VMEMMAP = `---[ Vmemmap ]---
0xffffea0000000000-0xffffea0003000000          48M     RW         PSE     GLB NX pmd
0xffffea0003000000-0xffffea0004000000          16M                               pmd
0xffffea0004000000-0xffffea0005000000          16M     RW         PSE     GLB NX pmd
0xffffea0005000000-0xffffea0040000000         944M                               pmd
0xffffea0040000000-0xffffea8000000000         511G                               pud
0xffffea8000000000-0xfffffe0000000000       19968G                               pgd`;

test('v5.2, v5.4: the hole for hypervisors is noted, so that every marker comes in time', () => {
  for (const release of ['v5.2', 'v5.4'])
    expect(printed(release, RAM)).toBe(`---[ Low Kernel Mapping ]---
0xffff888000000000-0xffff888000200000           2M     RW                 GLB NX pte
${LINEAR}
${VMEMMAP}`);
});

test('since v5.6 three markers wait at the linear map, and the last one comes an entry late', () => {
  for (const release of ['v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'])
    expect(
      printed(release, RAM),
    ).toBe(`0xffff888000000000-0xffff888000001000           4K     RW                 GLB NX pte
---[ Low Kernel Mapping ]---
0xffff888000001000-0xffff888000200000        2044K     RW                 GLB NX pte
${LINEAR}
${VMEMMAP}`);
});

test('five levels, without leaves of 1G, with page table isolation', () => {
  const options = 'nogbpages pti=on';
  const text = `va_bits: 57\n${RAM}boot_options: ${options}\n`;
  expect(printed('v6.1', text)).toMatchInlineSnapshot(`
    "0xff11000000000000-0xff11000000001000           4K     RW                     NX pte
    ---[ Low Kernel Mapping ]---
    0xff11000000001000-0xff11000000200000        2044K     RW                     NX pte
    0xff11000000200000-0xff110000c0000000        3070M     RW         PSE         NX pmd
    0xff110000c0000000-0xff11000100000000           1G                               pud
    0xff11000100000000-0xff11000140000000           1G     RW         PSE         NX pmd
    0xff11000140000000-0xff11008000000000         507G                               pud
    0xff11008000000000-0xff12000000000000      261632G                               p4d
    0xff12000000000000-0xffa0000000000000       36352T                               pgd
    ---[ Vmemmap ]---
    0xffd4000000000000-0xffd4000003000000          48M     RW         PSE         NX pmd
    0xffd4000003000000-0xffd4000004000000          16M                               pmd
    0xffd4000004000000-0xffd4000005000000          16M     RW         PSE         NX pmd
    0xffd4000005000000-0xffd4000040000000         944M                               pmd
    0xffd4000040000000-0xffd4008000000000         511G                               pud
    0xffd4008000000000-0xffd5000000000000      261632G                               p4d
    0xffd5000000000000-0xffff000000000000       10752T                               pgd"
  `);
});
