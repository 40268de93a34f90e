import { describe, expect, it } from 'vitest';
import { isDeviceJson, parseDevices } from './device-json.ts';
import { printedBytes } from './json-objects.ts';

const M = 2 ** 20;
const G = 2 ** 30;

const WINDOW = { id: 0, start: 16 * G, size: 8 * G, interleave_ways: 2, interleave_granularity: 1024 };
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
        daxregion: {
          id: 1,
          size: 2 * G,
          align: 2 * M,
          devices: [{ chardev: 'dax1.0', size: 2 * G, mode: 'system-ram', target_node: 2 }],
        },
      },
      { region: 'region2', resource: 20 * G, size: G, type: 'pmem' },
      { region: 'region3', resource: 21 * G, size: G, type: 'ram', decode_state: 'reset' },
    ],
  },
];

describe('the output of cxl list', () => {
  it('has windows, regions and the instances on them', () => {
    const text = JSON.stringify([
      { memdevs: [{ memdev: 'mem0', ram_size: G }] },
      { 'decoders:root0': DECODERS },
    ]);
    expect(isDeviceJson(text)).toBe(true);
    const { cxl, dax } = parseDevices([text]);
    const plain = { interleave_ways: 1, interleave_granularity: 256 };
    expect(cxl).toEqual({
      windows: [WINDOW],
      regions: [
        { ...WINDOW, id: 1, start: 17 * G, size: 2 * G, type: 'ram', enabled: true },
        { id: 2, start: 20 * G, size: G, ...plain, type: 'pmem', enabled: true },
        { id: 3, start: 21 * G, size: G, ...plain, type: 'ram', enabled: false },
      ],
    });
    expect(dax).toMatchObject([{ region: 1, id: 0, of: 'cxl', mode: 'system-ram', target_node: 2 }]);
  });

  it('may be for people, after the command line and before what was done', () => {
    const object = {
      region: 'region0',
      resource: '0xc90000000',
      size: '512.00 MiB (536.87 MB)',
      interleave_ways: 2,
      interleave_granularity: 1024,
    };
    const text = `# cxl create-region -d decoder0.1 -w 2 mem0 mem1\n${JSON.stringify(object, null, 2)}\ncreated 1 region\n`;
    expect(isDeviceJson(text)).toBe(true);
    expect(parseDevices([text]).cxl.regions).toMatchObject([{ id: 0, start: 0xc9_0000_000, size: 512 * M }]);
  });
});

describe('the output of ndctl list', () => {
  const region = {
    dev: 'region0',
    size: 640 * M,
    align: 16 * M,
    available_size: 0,
    type: 'pmem',
    iset_id: '0x1',
    mappings: [{ dimm: 'nmem2', offset: 0, length: 640 * M, position: 0 }],
    numa_node: 1,
    namespaces: [
      { dev: 'namespace0.0', mode: 'memory', size: 628 * M, uuid: 'a', align: 2 * M },
      {
        dev: 'namespace0.1',
        mode: 'raw',
        size: 0,
        uuid: '00000000-0000-0000-0000-000000000000',
        state: 'disabled',
      },
    ],
  };

  it.each([
    ['nested in buses', [{ provider: 'ACPI.NFIT', dev: 'ndbus0', regions: [region] }]],
    ['nested in regions', { regions: [region] }],
    ['flat', [{ ...region, namespaces: [] }, ...region.namespaces]],
  ])('has regions and namespaces, %s', (_, value) => {
    const { nvdimm } = parseDevices([JSON.stringify(value)]);
    expect(nvdimm.regions).toMatchObject([
      { id: 0, size: { bytes: 640 * M }, nmem: 2, numa_node: 1, labels: true, carved: false, enabled: true },
    ]);
    expect(nvdimm.namespaces).toMatchObject([
      { region: 0, id: 0, mode: 'fsdax', map: 'dev', size: { bytes: 628 * M }, enabled: true },
      { region: 0, id: 1, mode: 'raw', map: 'none', enabled: false },
    ]);
  });

  it('is exact where one of two prints of it is', () => {
    const human = JSON.stringify({ regions: [{ ...region, size: '640.00 MiB (671.09 MB)' }] });
    const exact = JSON.stringify({ regions: [region] });
    for (const texts of [[`${exact}\n${human}`], [human, exact]])
      expect(parseDevices(texts).nvdimm.regions[0]!.size).toEqual({
        bytes: 640 * M,
        least: 640 * M,
        most: 640 * M,
      });
  });

  it('names the bus of memory that is carved out of RAM', () => {
    const text = JSON.stringify({ provider: 'e820', dev: 'ndbus0', regions: [region] });
    expect(parseDevices([text]).nvdimm.regions).toMatchObject([{ carved: true }]);
  });
});

describe('the output of daxctl list', () => {
  it('has instances by what they are a part of', () => {
    const devices = (region: number): object[] => [{ chardev: `dax${region}.0`, size: G, mode: 'devdax' }];
    const paths = [
      '/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region0/dax0.1',
      '/platform/hmem.1',
      '/platform/ACPI0017:00/root0/decoder0.0/region2/dax_region2',
    ];
    const text = JSON.stringify(paths.map((path, id) => ({ path, id, size: G, devices: devices(id) })));
    expect(isDeviceJson(text)).toBe(true);
    const { dax } = parseDevices([text, JSON.stringify(devices(3))]);
    expect(dax.map(({ of }) => of)).toEqual(['nvdimm', 'hmem', 'cxl', undefined]);
  });

  it('has addresses with -M', () => {
    const mappings = [
      { page_offset: '0', start: '0x180c00000', end: '0x1a7ffffff', size: '628.00 MiB (658.51 MB)' },
    ];
    const text = JSON.stringify({
      chardev: 'dax0.0',
      size: '628.00 MiB (658.51 MB)',
      mode: 'system-ram',
      mappings,
    });
    expect(parseDevices([text]).dax).toMatchObject([{ start: 0x1_80c0_0000, size: { bytes: 628 * M } }]);
  });
});

it('is told from other JSON and YAML', () => {
  for (const text of [
    '{"arch":"x86_64"}',
    '[',
    'machine: {arch: x86_64}\nsteps:\n- {dev: region0}\n',
    'arch: x86_64\nram:\n  [{"start": 0, "size": "1G"}]\n',
    '[{"dev":"region0"}] trailing',
  ])
    expect(isDeviceJson(text)).toBe(false);
  expect(isDeviceJson('[{"path":"/platform/hmem.0","id":0,"size":1}]')).toBe(true);
});

it.each([
  [536870912, 536870912],
  ['0xc90000000', 0xc9_0000_000],
  ['1512.00 GiB (1623.50 GB)', 1512 * G],
  ['62.00 MiB (65.01 MB)', 62 * M],
  // 1.5 TiB less 24 GiB of struct pages and 2 MiB, printed in GiB below 2 TiB
  ['1512.00 GiB', 1512 * G],
  [-1, undefined],
  [1.5, undefined],
  ['many', undefined],
  [2 ** 53, undefined],
])('the size %j is %j', (value, bytes) => {
  expect(printedBytes(value)?.bytes).toBe(bytes);
});
