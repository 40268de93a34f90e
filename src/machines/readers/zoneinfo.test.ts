import { describe, expect, it } from 'vitest';
import { parseZoneinfo } from './zoneinfo.ts';

const zone = [
  'Node 1, zone   Normal',
  '  per-node stats',
  '      nr_inactive_anon 235',
  '  pages free     1000',
  '        boost    0',
  '        min      5540',
  '        high     8310',
  '        spanned  32768',
  '        present  32000',
  '        managed  31000',
  '        cma      16',
  '        protection: (0, 0, 0, 0)',
  '      nr_free_pages 1000',
  '  pagesets',
  '    cpu: 0',
  '              count: 261',
  '              high:  378',
  '              high_min 63',
  '  node_unreclaimable:  0',
  '  start_pfn:           1048576',
  '',
].join('\n');

const empty = [
  'Node 1, zone  Movable',
  '  pages free     0',
  '        min      32',
  '        spanned  0',
  '        present  0',
  '        managed  0',
  '        protection: (0, 0, 0, 0)',
  '',
].join('\n');

describe('/proc/zoneinfo', () => {
  it('is zones with their spans', () => {
    expect(parseZoneinfo(zone + empty, 'x')).toEqual([
      {
        nid: 1,
        name: 'Normal',
        start_pfn: 1048576,
        spanned: 32768,
        present: 32000,
        managed: 31000,
        free: 1000,
        cma: 16,
        high: 8310,
      },
      { nid: 1, name: 'Movable', start_pfn: 0, spanned: 0, present: 0, managed: 0, free: 0 },
    ]);
  });

  it.each([
    [zone + zone, 'x: proc/zoneinfo line 21: zone Normal of node 1 appears twice'],
    [
      zone.slice(0, zone.indexOf('        present')),
      'x: proc/zoneinfo line 1: zone Normal of node 1 has no "present"',
    ],
    [
      zone.replace(/ {2}start_pfn.*\n/, ''),
      'x: proc/zoneinfo line 1: zone Normal of node 1 has no "start_pfn"',
    ],
    [
      zone.replace('32768', '1'),
      'x: proc/zoneinfo line 1: zone Normal of node 1 has more pages present than spanned',
    ],
    [
      zone.replace('32768', '99999999999999'),
      'x: proc/zoneinfo line 8: "        spanned  99999999999999" is more than 2^40 pages',
    ],
    [zone.replace('32768', '-4'), 'x: proc/zoneinfo line 8: "        spanned  -4" has no number'],
    [
      zone.replace('1048576', '1099511627776'),
      'x: proc/zoneinfo line 1: zone Normal of node 1 ends past 2^40 pages',
    ],
    ['  pages free 1', 'x: proc/zoneinfo line 1: "  pages free 1" appears before the first zone'],
    ['Node x, zone DMA', 'x: proc/zoneinfo line 1: "Node x, zone DMA" is not "Node N, zone NAME"'],
    ['what', 'x: proc/zoneinfo line 1: "what" is not a line of zoneinfo'],
  ])('refuses what the kernel does not write (%#)', (text, message) => {
    expect(() => parseZoneinfo(text, 'x')).toThrow(message);
  });
});
