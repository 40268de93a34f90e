import { describe, expect, it } from 'vitest';
import { boot, type Model } from '../../boot/boot.ts';
import { findRelease } from '../../releases/index.ts';
import type { Capture } from '../captures/captures.ts';
import { machineOf } from '../read.ts';
import { MemTree } from '../sources/mem-tree.ts';

const M = 2 ** 20;
const G = 2 ** 30;

// as the recording x86_64-6.1-kmem has them in step 10
const REGIONS = {
  regions: [
    {
      dev: 'region1',
      size: 201326592,
      align: 16777216,
      available_size: 134217728,
      max_available_extent: 134217728,
      type: 'pmem',
      iset_id: 10248204286309464,
      mappings: [{ dimm: 'nmem1', offset: 0, length: 201326592, position: 0 }],
      namespaces: [
        {
          dev: 'namespace1.0',
          mode: 'devdax',
          map: 'mem',
          size: 65011712,
          uuid: 'da4a9652-c193-4f7a-935b-a994ea367f8e',
          chardev: 'dax1.0',
          align: 2097152,
        },
      ],
    },
    {
      dev: 'region0',
      size: 671088640,
      align: 16777216,
      available_size: 0,
      type: 'pmem',
      mappings: [{ dimm: 'nmem2', offset: 0, length: 671088640, position: 0 }],
      namespaces: [
        {
          dev: 'namespace0.0',
          mode: 'devdax',
          map: 'dev',
          size: 658505728,
          uuid: 'b9b3c2b6-2158-4558-a7c9-3f5ac4c907ed',
          chardev: 'dax0.0',
          align: 2097152,
        },
      ],
    },
  ],
};
const instance = (region: number, start: number, size: number, more: object): object => ({
  path: `/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region${region}/dax${region}.0`,
  id: region,
  size,
  align: 2097152,
  devices: [
    {
      chardev: `dax${region}.0`,
      size,
      target_node: 1,
      align: 2097152,
      ...more,
      mappings: [{ page_offset: 0, start, end: start + size - 1, size }],
    },
  ],
});
const INSTANCES = [
  instance(1, 6176112640, 65011712, { mode: 'devdax' }),
  instance(0, 6455033856, 658505728, { mode: 'system-ram', online_memblocks: 1, total_memblocks: 4 }),
];

const capture = (value: unknown): Capture => ({ kind: 'devices', text: JSON.stringify(value), place: '' });
const lsmem = (text: string): Capture => ({ kind: 'lsmem', text, place: '' });

function booted(captures: readonly Capture[], release: string): Model {
  const machine = machineOf({ tree: new MemTree('printed'), captures }, 'printed', { arch: 'x86_64' });
  return boot(machine, findRelease(release)!);
}

const regions = ({ state }: Model): object[] => [...state.nd_region.values()];
const instances = ({ state }: Model): object[] => [...state.dev_dax.values()];
const notes = ({ notes: all }: Model): readonly string[] =>
  all.filter((note) => !/^no (\/|uname|proc|RAM)/.test(note));
const online = ({ state }: Model): number[] =>
  [...state.memory_block].filter(([id, { offline }]) => id >= 32 && !offline).map(([id]) => id);

describe('ndctl and daxctl together', () => {
  it('give the regions and instances that sysfs of the same machine gave', () => {
    const model = booted([capture(REGIONS), capture(INSTANCES)], 'v6.1');
    expect(regions(model)).toMatchObject([
      {
        start: 6 * G,
        size: 640 * M,
        nmem: 2,
        label_area: false,
        media: [{ at: 0, mode: 'pmem', dataoff: 12 * M, npfns: 160768 }],
      },
      {
        start: 0x1_7000_0000,
        size: 192 * M,
        nmem: 1,
        label_area: true,
        labels: [{ offset: 0, size: 64 * M }],
        media: [{ at: 0, mode: 'ram', dataoff: 2 * M, npfns: 15872 }],
      },
    ]);
    expect(instances(model)).toMatchObject([
      {
        name: 'dax0.0',
        ranges: [{ start: 6455033856, size: 658505728 }],
        driver: 'kmem',
        res: [true],
        target_node: 1,
      },
      {
        name: 'dax1.0',
        ranges: [{ start: 6176112640, size: 65011712 }],
        driver: 'device_dax',
        target_node: 1,
      },
    ]);
    expect([...model.state.memory_block.keys()].filter((id) => id >= 32)).toEqual([49, 50, 51, 52]);
    expect(online(model)).toEqual([49]);
    expect(notes(model)).toEqual([]);
  });

  it('with the blocks of lsmem: kmem has them', () => {
    const table = `RANGE SIZE STATE REMOVABLE BLOCK NODE ZONES
0x0000000000000000-0x0000000007ffffff 128M online yes 0 0 None
0x0000000008000000-0x00000000bfffffff 2.9G online yes 1-23 0 DMA32
0x0000000188000000-0x000000018fffffff 128M online yes 49 1 Movable
0x0000000190000000-0x00000001a7ffffff 384M offline  50-52 1 Normal/Movable

Memory block size: 128M
`;
    const model = booted([capture(REGIONS), capture(INSTANCES), lsmem(table)], 'v6.1');
    expect(instances(model)).toMatchObject([{ name: 'dax0.0', driver: 'kmem' }, { name: 'dax1.0' }]);
    expect(online(model)).toEqual([49]);
    // block 0 is in two zones
    const zones = [...model.state.zone.values()].slice(0, 2);
    expect(zones).toMatchObject([
      { name: 'DMA', zone_start_pfn: 0, spanned_pages: 4096 },
      { name: 'DMA32', zone_start_pfn: 4096, spanned_pages: 782336, managed_pages: 782336 },
    ]);
    const { children } = model.state.iomem_resource;
    const pmem = children.filter(({ name }) => name === 'Persistent Memory');
    expect(pmem.map(({ children: own }) => own.map(({ name }) => name))).toEqual([
      ['namespace1.0', 'dax1.0'],
      ['namespace0.0', 'dax0.0'],
    ]);
    expect(pmem[1]!.children[1]!.children.map(({ name }) => name)).toEqual(['System RAM (kmem)']);
  });

  it('without addresses: by the blocks of the instance, else behind other memory, which is said', () => {
    const bare = INSTANCES.map((region) => {
      const { devices, ...own } = region as { devices: object[] };
      return { ...own, devices: devices.map((dev) => ({ ...dev, mappings: undefined })) };
    });
    const table = `RANGE SIZE STATE BLOCK NODE
0x0000000000000000-0x00000000bfffffff 3G online 0-23 0
0x0000000188000000-0x00000001a7ffffff 512M offline 49-52 1

Memory block size: 128M
`;
    const placed = booted([capture(REGIONS), capture(bare), lsmem(table)], 'v6.1');
    expect(regions(placed)).toMatchObject([{ start: 6 * G }, { start: 8 * G }]);
    expect(notes(placed)).toContainEqual('no address is printed: region1 at 0x200000000 is assumed');
    const alone = booted([capture(REGIONS)], 'v6.1');
    expect(regions(alone)).toMatchObject([{ start: 4 * G }, { start: 6 * G }]);
  });
});

it('a region that lists no namespaces, and namespaces without a region, are named', () => {
  const [region] = REGIONS.regions;
  const listed = booted([capture([{ ...region, namespaces: undefined }])], 'v6.1');
  expect(notes(listed)).toContainEqual(
    'region1 has 67108864 bytes in namespaces that are not listed (ndctl list -RNi): it is taken as empty',
  );
  const implied = booted([capture(region!.namespaces)], 'v6.1');
  expect(notes(implied)).toContainEqual(
    'region1 is not listed (ndctl list -RNi): it is taken to be as large as its namespaces',
  );
  expect(regions(implied)).toMatchObject([{ size: 64 * M }]);
});

describe('daxctl alone', () => {
  it('Soft Reserved memory with the driver and the blocks that were online', () => {
    const devices = [
      {
        chardev: 'dax0.0',
        size: 2 * G,
        target_node: 2,
        mode: 'system-ram',
        online_memblocks: 8,
        total_memblocks: 16,
        movable: false,
      },
    ];
    const model = booted([capture([{ path: '/platform/hmem.0', id: 0, size: 2 * G, devices }])], 'v6.12');
    expect(instances(model)).toMatchObject([{ name: 'dax0.0', ranges: [{ start: 4 * G }], driver: 'kmem' }]);
    expect(online(model)).toEqual([32, 33, 34, 35, 36, 37, 38, 39]);
    const zones = [...model.state.zone].filter(([key, { present_pages }]) => key >= 16 && present_pages > 0);
    expect(zones.map(([, { name }]) => name)).toEqual(['Normal']);
  });

  it('tells the block size', () => {
    const devices = [
      {
        chardev: 'dax0.0',
        size: 16 * G,
        target_node: 1,
        mode: 'system-ram',
        online_memblocks: 8,
        total_memblocks: 8,
      },
    ];
    const { kernel } = booted(
      [capture([{ path: '/platform/hmem.0', id: 0, size: 16 * G, devices }])],
      'v6.12',
    );
    expect(kernel.c.memory_block_size_bytes).toBe(2 * G);
  });

  it('what the release does not do is a note', () => {
    const devices = [{ chardev: 'dax0.0', size: G, mode: 'devdax' }];
    const old = booted([capture([{ path: '/platform/hmem.0', id: 0, size: G, devices }])], 'v5.4');
    expect(notes(old)).toContainEqual('dax0.0: this release makes no such instance of device-dax');
  });
});

describe('cxl list', () => {
  const window = { decoder: 'decoder0.0', resource: 16 * G, size: 8 * G };
  const region = (id: number, start: number, more: object): object => ({
    region: `region${id}`,
    resource: start,
    size: G,
    ...more,
  });

  it('persistent memory is an NVDIMM region with the number of the CXL region', () => {
    const model = booted([capture([window, region(1, 17 * G, { type: 'pmem' })])], 'v6.12');
    expect([...model.state.nd_region]).toMatchObject([
      [1, { start: 17 * G, size: G, label_area: true, enabled: true }],
    ]);
    const cxl = model.state.iomem_resource.children.find(({ name }) => name === 'CXL Window 0')!;
    expect(cxl.children).toMatchObject([
      { name: 'pmem_region1', children: [{ name: 'region1', children: [{ name: 'namespace1.0' }] }] },
    ]);
  });

  it('with the namespaces that ndctl printed on it', () => {
    const namespaces = [
      { dev: 'namespace1.0', mode: 'fsdax', map: 'dev', size: 1006 * M, uuid: 'u', align: 2 * M },
    ];
    const nd = {
      dev: 'region1',
      size: G,
      align: 16 * M,
      available_size: 0,
      type: 'pmem',
      iset_id: 1,
      namespaces,
    };
    const model = booted(
      [capture([window, region(1, 17 * G, { type: 'pmem' })]), capture({ regions: [nd] })],
      'v6.12',
    );
    expect(regions(model)).toMatchObject([{ start: 17 * G, media: [{ mode: 'pmem', dataoff: 18 * M }] }]);
    expect(notes(model)).toEqual([]);
  });

  it('volatile memory starts as the kernel starts it, unless daxctl says more', () => {
    const ram = [window, region(1, 17 * G, { type: 'ram' })];
    expect(instances(booted([capture(ram)], 'v6.12'))).toMatchObject([{ name: 'dax1.0', driver: 'kmem' }]);
    const devices = [{ chardev: 'dax1.0', size: G, target_node: 3, mode: 'devdax' }];
    const path = '/platform/ACPI0017:00/root0/decoder0.0/region1/dax_region1';
    const model = booted([capture(ram), capture([{ path, id: 1, size: G, devices }])], 'v6.12');
    expect(instances(model)).toMatchObject([{ name: 'dax1.0', driver: 'device_dax', target_node: 3 }]);
    expect(instances(booted([capture([{ path, id: 1, size: G, devices }])], 'v6.12'))).toMatchObject([
      { name: 'dax1.0' },
    ]);
  });

  it('memory devices alone name no memory', () => {
    expect(notes(booted([capture([{ memdev: 'mem0', ram_size: G }])], 'v6.12'))).toContainEqual(
      'the JSON names no memory: cxl list -DR, daxctl list -RDM and ndctl list -RNi print it',
    );
  });
});
