import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { machineOf, readHost, readMachine } from './read.ts';
import { MemTree } from './sources/mem-tree.ts';

const FIXTURES = 'test/fixtures/machines';
const MEMORY = 'sys/devices/system/memory';
const tmp = mkdtempSync(join(tmpdir(), 'mhp-read-'));
afterAll(() => rmSync(tmp, { recursive: true, force: true }));

function put(path: string, text: string | Uint8Array): string {
  mkdirSync(dirname(join(tmp, path)), { recursive: true });
  writeFileSync(join(tmp, path), text);
  return join(tmp, path);
}

const zone = (nid: number, name: string, start: number, pages: number): string =>
  `Node ${nid}, zone ${name}\n  pages free     1\n        spanned  ${pages}\n        present  ${pages}\n        managed  ${pages}\n  start_pfn:           ${start}\n`;

describe('a dump with nothing but memory blocks', () => {
  it.each(['gz', 'bz2', 'xz'])('is a machine, packed as .%s', async (suffix) => {
    const source = `${FIXTURES}/dump.tar.${suffix}`;
    const machine = await readMachine(source);
    expect({ ...machine, blocks: machine.blocks?.slice(2) }).toEqual({
      source,
      arch: 'x86_64',
      page_size: 4096,
      block_size: 2 ** 27,
      blocks: [
        { id: 2, state: 'online', removable: true, valid_zones: ['Normal'], nids: [0] },
        { id: 3, state: 'offline', removable: true, valid_zones: ['Normal', 'Movable'], nids: [0] },
      ],
      nodes: [{ nid: 0, online: true, cpus: [] }],
      missing: [
        'no uname: the architecture is unknown, x86_64 is assumed',
        'no proc/cmdline: boot options are unknown',
        'no /proc/iomem: holes inside blocks are unknown',
        'no /proc/zoneinfo: zone spans and present pages are unknown',
        'no sys/devices/system/node: CPUs and distances of nodes are unknown',
        'no /sys/module/memory_hotplug: the online policy is unknown',
      ],
    });
  });

  it('takes what the caller knows', async () => {
    const machine = await readMachine(`${FIXTURES}/dump.tar.gz`, {
      arch: 'arm64',
      page_size: 65536,
      release: 'v6.1',
    });
    expect([machine.arch, machine.page_size, machine.release]).toEqual(['arm64', 65536, 'v6.1']);
    expect(machine.missing).toContain('no /sys/kernel/debug/memblock: reserved and nomap memory is unknown');
  });
});

describe('a file tree', () => {
  function basis(): MemTree {
    const tree = new MemTree('x');
    tree.addFile(`${MEMORY}/block_size_bytes`, '8000000\n');
    for (const id of [8, 9, 16]) {
      tree.addFile(`${MEMORY}/memory${id}/state`, 'online\n');
      tree.addLink(`${MEMORY}/memory${id}/node${id === 8 ? 0 : 1}`, '../../node/x');
    }
    tree.addFile('proc/cmdline', 'quiet movable_node\n');
    return tree;
  }

  it('gives RAM by node and the holes of blocks; the first block need not be 0', () => {
    const tree = basis();
    tree.addFile(
      'proc/iomem',
      [
        '40000000-4dffffff : System RAM',
        '  40200000-40ffffff : Kernel code',
        '80000000-8fffffff : virtio0',
        '  80000000-83ffffff : System RAM (virtio_mem)',
      ].join('\n'),
    );
    const machine = machineOf({ tree }, 'x');
    expect(machine.ram).toEqual([
      { start: 0x40000000, size: 0x8000000, nid: 0 },
      { start: 0x48000000, size: 0x6000000, nid: 1 },
    ]);
    expect(machine.holes).toEqual([
      { start: 0x4e000000, size: 0x2000000 },
      { start: 0x84000000, size: 0x4000000 },
    ]);
    expect(machine.cmdline).toBe('quiet movable_node');
  });

  it('says when addresses are zeroed, or the file is empty', () => {
    const tree = basis();
    tree.addFile('proc/iomem', '00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n');
    const zeroed = machineOf({ tree }, 'x');
    expect(zeroed.missing).toContain(
      '/proc/iomem has only zeros (who read it was not root): holes inside blocks are unknown',
    );
    expect([zeroed.ram, zeroed.holes, zeroed.iomem?.length]).toEqual([undefined, undefined, 2]);
    tree.addFile('proc/iomem', '');
    expect(machineOf({ tree }, 'x').missing).toContain(
      '/proc/iomem is empty: holes inside blocks are unknown',
    );
  });

  it('says when what lies on persistent memory is not there', () => {
    const tree = basis();
    tree.addFile('proc/iomem', '140000000-14fffffff : Persistent Memory\n');
    const ndbus = 'sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0';
    const note = `no /${ndbus}: what lies on persistent memory, and its struct pages, is unknown`;
    expect(machineOf({ tree }, 'x').missing).toContain(note);
    tree.addFile(`${ndbus}/region0/size`, '268435456\n');
    expect(machineOf({ tree }, 'x').missing).not.toContain(note);
  });

  it('of a recording has its NVDIMM regions', async () => {
    const { nvdimm, missing } = await readMachine('recordings/x86_64-6.1-pmem.tar.xz:22');
    expect([nvdimm?.map(({ start }) => start), missing]).toEqual([
      [0x14c000000, 0x140000000, 0x160000000],
      [],
    ]);
  });

  it.each([
    [4096, 98304],
    [16384, 24576],
    [65536, 6144],
  ])('of arm64 with pages of %d bytes is told by its zones', (size, pages) => {
    const tree = basis();
    tree.addFile('uname', 'Linux host 6.1.192 #2 SMP Fri Nov 20 10:35:17 UTC 2026 aarch64 GNU/Linux\n');
    tree.addFile('proc/zoneinfo', zone(0, 'DMA', 0, pages - 10));
    const machine = machineOf({ tree }, 'x');
    expect([machine.arch, machine.page_size, machine.release]).toEqual(['arm64', size, '6.1.192']);
  });

  it('without blocks is a machine, and says so', () => {
    const tree = new MemTree('x');
    tree.addFile('proc/zoneinfo', zone(1, 'Normal', 0x40000, 1000));
    tree.addFile('proc/version', 'Linux version 6.1.0-56-amd64 (someone) #1 SMP\n');
    const machine = machineOf({ tree }, 'x');
    expect(machine.zones).toEqual([
      { nid: 1, name: 'Normal', start_pfn: 0x40000, spanned: 1000, present: 1000, managed: 1000, free: 1 },
    ]);
    expect(machine.nodes).toEqual([{ nid: 1, online: true, cpus: [] }]);
    expect([machine.arch, machine.release]).toEqual(['x86_64', '6.1.0-56-amd64']);
    expect(machine.missing).toContain('no /sys/devices/system/memory: memory blocks are unknown');
  });

  it('has module parameters and memblock', () => {
    const tree = basis();
    tree.addFile('sys/module/memory_hotplug/parameters/memmap_on_memory', 'Y\n');
    tree.addFile(`${MEMORY}/auto_online_blocks`, 'online_movable\n');
    tree.addFile('sys/kernel/debug/memblock/memory', '   0: 0x0000000040000000..0x000000004fffffff\n');
    tree.addFile('sys/kernel/debug/memblock/reserved', '');
    const machine = machineOf({ tree }, 'x');
    expect(machine.params).toEqual({ memmap_on_memory: 'Y', auto_online_blocks: 'online_movable' });
    expect(machine.memblock).toEqual({ memory: [{ start: 0x40000000, end: 0x4fffffff }], reserved: [] });
  });
});

describe('a sosreport', () => {
  it('is found below its top directory, blocks by way of lsmem', async () => {
    const top = 'sos/sosreport-host-2026';
    put(`${top}/proc/iomem`, '00001000-0009fbff : System RAM\n00100000-0fffffff : System RAM\n');
    put(`${top}/proc/cmdline`, 'ro\n');
    put(`${top}/sos_commands/kernel/uname_-a`, 'Linux host 5.14.0-503.el9.x86_64 #1 SMP x86_64 GNU/Linux\n');
    put(
      `${top}/sos_commands/memory/lsmem_-a_-o_RANGE_SIZE_STATE`,
      'RANGE                                  SIZE  STATE\n0x0000000000000000-0x000000000fffffff  256M online\n\nMemory block size:       128M\n',
    );
    const machine = await readMachine(join(tmp, 'sos'));
    expect(machine.blocks?.map(({ id, state }) => [id, state])).toEqual([
      [0, 'online'],
      [1, 'online'],
    ]);
    expect(machine.release).toBe('5.14.0-503.el9.x86_64');
    expect(machine.holes).toEqual([
      { start: 0, size: 0x1000 },
      { start: 0x9fc00, size: 0x60400 },
    ]);
    execFileSync('tar', ['-C', join(tmp, 'sos'), '-czf', join(tmp, 'sos.tar.gz'), '.']);
    expect({ ...(await readMachine(join(tmp, 'sos.tar.gz'))), source: '' }).toEqual({
      ...machine,
      source: '',
    });
  });

  it('of which there are two is picked by name', async () => {
    for (const name of ['one', 'two'])
      put(`two/${name}/${MEMORY}/block_size_bytes`, name === 'one' ? '8000000\n' : '80000000\n');
    await expect(readMachine(join(tmp, 'two'))).rejects.toThrow(
      /two: holds 2 machines \("one", "two"\): name one, as in .*two:one$/,
    );
    expect((await readMachine(`${join(tmp, 'two')}:two`)).block_size).toBe(2 ** 31);
  });
});

describe('a machine file', () => {
  it('is read by its content', async () => {
    const path = put('machine.yaml', 'arch: arm64\nrelease: v6.1\nram: [{ start: 1G, size: 1G }]\n');
    expect((await readMachine(path)).ram).toEqual([{ start: 2 ** 30, size: 2 ** 30, nid: 0 }]);
    await expect(readMachine(put('latin1.yaml', new Uint8Array([0x61, 0xe9])))).rejects.toThrow(
      /latin1\.yaml: is not UTF-8 text$/,
    );
  });
});

describe('what cannot be read', () => {
  it.each([
    ['absent', /absent: no such file or directory$/],
    ['empty', /empty: has neither sys\/devices\/system\/memory nor proc\/iomem$/],
    ['cut.tar', /cut\.tar: is not a tar archive: shorter than 512 bytes$/],
  ])('is named: %s', async (name, message) => {
    mkdirSync(join(tmp, 'empty'), { recursive: true });
    put('cut.tar', 'cut');
    await expect(readMachine(join(tmp, name))).rejects.toThrow(message);
  });

  it('is a pipe or a device', async () => {
    await expect(readMachine('/dev/null')).rejects.toThrow('/dev/null: is neither a file nor a directory');
  });

  it('is a directory where a file should be', async () => {
    mkdirSync(join(tmp, `wrong/${MEMORY}/block_size_bytes`), { recursive: true });
    await expect(readMachine(join(tmp, 'wrong'))).rejects.toThrow(
      /wrong: sys\/devices\/system\/memory\/block_size_bytes: is a directory, not a file$/,
    );
  });
});

describe.skipIf(!existsSync('/proc/zoneinfo'))('this host', () => {
  it('is read', async () => {
    const machine = await readHost();
    expect(machine.source).toBe('this host');
    expect([4096, 16384, 65536]).toContain(machine.page_size);
    expect(machine.zones?.length).toBeGreaterThan(0);
  });
});

describe.skipIf(!existsSync('recordings/arm64-6.1-64k-va48-full.tar.xz'))(
  'a step of a recording (skipped without recordings/)',
  () => {
    it('is a machine of which nothing is missing', async () => {
      const machine = await readMachine('recordings/arm64-6.1-64k-va48-full.tar.xz:3');
      expect(machine).toMatchObject({
        source: 'recordings/arm64-6.1-64k-va48-full.tar.xz:3',
        arch: 'arm64',
        page_size: 65536,
        va_bits: 48,
        release: '6.1.192',
        block_size: 2 ** 29,
        missing: [],
      });
      expect(machine.blocks).toHaveLength(9);
      expect(machine.memblock?.memory[0]).toEqual({ start: 0x4000000, end: 0x7ffffff });
    });

    it('of x86 has its links from symlinks.txt', async () => {
      const machine = await readMachine('recordings/x86_64-6.1-dimm-movable.tar.xz:add-dimm1-1G');
      expect(machine.missing).toEqual([]);
      expect(machine.blocks?.find(({ id }) => id === 40)).toEqual({
        id: 40,
        state: 'offline',
        removable: true,
        valid_zones: ['Normal', 'Movable'],
        nids: [1],
      });
    });

    it('has to be named', async () => {
      await expect(readMachine('recordings/arm64-6.1-mmom61.tar.xz')).rejects.toThrow(
        'recordings/arm64-6.1-mmom61.tar.xz: is a recording of 13 steps: name one, as in recordings/arm64-6.1-mmom61.tar.xz:00-boot',
      );
    });
  },
);
