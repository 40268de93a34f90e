import { describe, expect, it } from 'vitest';
import { isCxlJson, parseCxlJson } from './cxl-json.ts';

const G = 2 ** 30;
const DECODERS = [
  {
    decoder: 'decoder0.0',
    resource: 16 * G,
    size: 8 * G,
    interleave_ways: 2,
    interleave_granularity: 1024,
    volatile_capable: true,
    'regions:decoder0.0': [
      {
        region: 'region1',
        resource: 17 * G,
        size: 2 * G,
        type: 'ram',
        interleave_ways: 2,
        interleave_granularity: 1024,
        decode_state: 'commit',
        mappings: [{ position: 1, memdev: 'mem1', decoder: 'decoder3.0' }],
        daxregion: { id: 1, size: 2 * G, align: 2097152, devices: [{ chardev: 'dax1.0', size: 2 * G }] },
      },
      { region: 'region2', resource: 20 * G, size: G, type: 'pmem' },
    ],
  },
];
const WINDOW = { id: 0, start: 16 * G, size: 8 * G, interleave_ways: 2, interleave_granularity: 1024 };
const REGION = { id: 1, start: 17 * G, size: 2 * G, interleave_ways: 2, interleave_granularity: 1024 };

describe('the output of cxl list', () => {
  it('has windows, and regions of volatile memory', () => {
    const text = JSON.stringify([
      { memdevs: [{ memdev: 'mem0', ram_size: G }] },
      { 'decoders:root0': DECODERS },
    ]);
    expect(isCxlJson(text)).toBe(true);
    expect(parseCxlJson(text)).toEqual({ windows: [WINDOW], regions: [REGION] });
  });

  it('may be for people', () => {
    const text = JSON.stringify({
      region: 'region0',
      resource: '0xc90000000',
      size: '512.00 MiB (536.87 MB)',
      interleave_ways: 2,
      interleave_granularity: 1024,
      mappings: [{ position: 1, decoder: 'decoder4.0' }],
    });
    expect(parseCxlJson(text).regions).toEqual([
      { id: 0, start: 0xc9_0000_000, size: 2 ** 29, interleave_ways: 2, interleave_granularity: 1024 },
    ]);
  });

  it('is told from other JSON; that of daxctl and ndctl names no address', () => {
    expect(isCxlJson('[{"chardev":"dax0.0","size":1,"mode":"system-ram"}]')).toBe(true);
    expect(isCxlJson('[{"dev":"namespace0.0","mode":"devdax"}]')).toBe(true);
    expect(isCxlJson('{"arch":"x86_64"}')).toBe(false);
    expect(isCxlJson('[')).toBe(false);
    expect(parseCxlJson('[{"dev":"region0","size":1}]')).toEqual({ windows: [], regions: [] });
  });
});
