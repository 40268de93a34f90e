import { expect, test } from 'vitest';
import { booted, G, M, must, X86 } from '../../../test/kit.ts';
import { sectionTable } from '../../scenarios/pages/section-table.ts';
import { sectionsJson, sectionsText, subsectionRanges } from './sections.ts';

test('sections as kmem -n prints them: early, shared with a device, sub-sections', () => {
  const s = booted('v6.1', { ...X86, ram: [{ start: 0, size: 224 * M }] });
  must(s, { memremap: { start: 224 * M, size: 32 * M } }, { memremap: { start: 5 * G, size: 34 * M } });
  const table = sectionTable(s.state, s.kernel);
  expect(sectionsText(table)).toMatchInlineSnapshot(`
    "NR CODED_MEM_MAP    MEM_MAP          STATE     PFN ZONES        SUBSECTIONS PAGEBLOCKS
     0 ffffea0000000000 ffffea0000000000 PMOE        0 DMA,DMA32    all         Movable
     1 ffffea0000000000 ffffea0000200000 PMOED   32768 DMA32,Device all         Movable
    40 ffffea0000000000 ffffea0005000000 PMD   1310720 Device       0-16        Movable

    Section size: 128M, 64 sub-sections of 2M
    Roots of 256 sections: 0 (node 0)
    Usage of a section: 56 bytes (rcu 16, subsection_map 8, pageblock_flags 32)
    pfn_valid() reads 3 cache lines in a section of boot memory, 4 in another (mem_section_usage)
    "
  `);
  const { sections } = sectionsJson(table, []) as { sections: object[] };
  expect(sections.at(-1)).toMatchInlineSnapshot(`
    {
      "coded_mem_map": "0xffffea0000000000",
      "early": false,
      "has_mem_map": true,
      "mem_map": "0xffffea0005000000",
      "nr": 40,
      "online": false,
      "pageblocks": [
        {
          "first": 0,
          "last": 16,
          "migratetype": "Movable",
        },
      ],
      "pfn": 1310720,
      "present": true,
      "section_mem_map": "0xffffea0000000013",
      "size": 134217728,
      "start": 5368709120,
      "state": "PMD",
      "subsection_map": "0x000000000001ffff",
      "taint_zone_device": true,
      "zones": [
        "Device",
      ],
    }
  `);
});

test('ranges of sub-sections', () => {
  expect(subsectionRanges([0x1ffff, -1], 64)).toBe('0-16,32-63');
  expect(subsectionRanges([-1, -1], 64)).toBe('all');
  expect(subsectionRanges([0, 0], 64)).toBe('none');
  expect(subsectionRanges([5], 8)).toBe('0,2');
  expect(subsectionRanges(null, 64)).toBe('-');
});
