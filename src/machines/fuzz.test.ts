import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Header } from 'tar';
import { describe, expect, it } from 'vitest';
import { cases } from '../../test/cases.ts';
import { InputError } from '../errors/input-error.ts';
import { parseLsmem } from './lsmem/lsmem-output.ts';
import { listBlocks, NoMemoryBlocks } from './lsmem/lsmem-source.ts';
import { parseMachineFile } from './machine-file/machine-file.ts';
import { parsePtdump } from './page-tables/ptdump-text.ts';
import { parseTables } from './page-tables/tables.ts';
import { machineOf } from './read.ts';
import { parseIomem } from './readers/iomem.ts';
import { parseMemblock } from './readers/memblock.ts';
import { parseZoneinfo } from './readers/zoneinfo.ts';
import { parseOps } from './recording/ops.ts';
import { recordingOf } from './recording/recording.ts';
import { unpackArchive } from './sources/archive.ts';
import { MemTree } from './sources/mem-tree.ts';

// For any input, a reader gives a result or an InputError of one line.

/** The number of inputs for each reader. */
const RUNS = cases(1000, 10_000);
const parameters = { seed: 7, numRuns: RUNS, endOnFailure: true } as const;

interface Edit {
  readonly kind: 'cut' | 'insert' | 'repeat' | 'end' | 'put';
  readonly at: number;
  readonly length: number;
  readonly junk: string;
}

const junk = fc.oneof(
  fc.constantFrom(
    ...[
      '0',
      '-1',
      '9',
      '99999999999999999999',
      'ffffffffffffffff',
      '0x',
      '10000000000000',
      '1e99',
      'NaN',
      '\0',
      '\n',
      '\r',
      '\t',
      '  ',
    ],
    ...[
      'é',
      '\ufeff',
      '..',
      '/',
      ':',
      ',',
      '-',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '*a',
      '&a ',
      '- ',
      '? ',
      '!!binary ',
      '<<: ',
      '|',
      '>',
      '%',
    ],
    ...[
      'online',
      'System RAM',
      'null',
      'true',
      '~',
      'x',
      '__proto__',
      'constructor',
      '4096',
      '18446744073709551615',
      '0-',
      '4503599627370496',
    ],
  ),
  fc.string({ maxLength: 6, unit: 'binary' }),
);
const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('cut', 'insert', 'repeat', 'end', 'put', 'put'),
  at: fc.nat({ max: 1 << 20 }),
  length: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 80 })),
  junk,
});
const edits = fc.array(edit, { minLength: 1, maxLength: 4 });

function edited(text: string, list: readonly Edit[]): string {
  let result = text;
  for (const { kind, at, length, junk: extra } of list) {
    const from = at % (result.length + 1);
    const piece = result.slice(from, from + length);
    if (kind === 'cut') result = result.slice(0, from) + result.slice(from + length);
    else if (kind === 'insert') result = result.slice(0, from) + extra + result.slice(from);
    else if (kind === 'repeat') result = result.slice(0, from) + piece + piece + result.slice(from + length);
    else if (kind === 'put') result = result.slice(0, from) + extra + result.slice(from + extra.length);
    else if (length > 60) result = result.slice(0, from);
  }
  return result;
}

const textOf = (...bases: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.tuple(fc.constantFrom(...bases), edits).map(([base, list]) => edited(base, list)),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 200, unit: 'binary' }) },
  );

/** Counts the inputs that gave a result and those that were refused. Both must occur, or the inputs test nothing. */
class Tally {
  results = 0;
  refusals = 0;

  fine(): void {
    this.results++;
  }

  refused(error: unknown): void {
    if (!(error instanceof InputError)) throw error;
    if (!/^[^\n\r\0]{1,700}$/.test(error.message))
      throw new Error(`not one line: ${JSON.stringify(error.message)}`);
    this.refusals++;
  }

  check(): void {
    expect(this.results + this.refusals).toBe(RUNS);
    expect(Math.min(this.results, this.refusals)).toBeGreaterThan(RUNS / 100);
  }
}

function holds<T>(inputs: fc.Arbitrary<T>, read: (input: T) => unknown): void {
  const tally = new Tally();
  fc.assert(
    fc.property(inputs, (input) => {
      try {
        read(input);
      } catch (error) {
        tally.refused(error);
        return;
      }
      tally.fine();
    }),
    parameters,
  );
  tally.check();
}

const IOMEM = [
  '00001000-0009fbff : System RAM',
  '00100000-7ffdefff : System RAM',
  '  01000000-01e01d31 : Kernel code',
  '140000000-17fffffff : Persistent Memory',
  '  140000000-17fffffff : dax0.0',
  '    148000000-17fffffff : System RAM (kmem)',
  '',
].join('\n');

const ZONEINFO = [0, 1]
  .map((nid) =>
    [
      `Node ${nid}, zone   Normal`,
      '  per-node stats',
      '      nr_inactive_anon 235',
      '  pages free     1000',
      '        min      5540',
      '        high     8310',
      '        spanned  32768',
      '        present  32000',
      '        managed  31000',
      '        protection: (0, 0, 0, 0)',
      '  pagesets',
      '    cpu: 0',
      '              high:  378',
      '  start_pfn:           1048576',
      '',
    ].join('\n'),
  )
  .join('');

const MEMBLOCK_OLD =
  '   0: 0x0000000004000000..0x0000000007ffffff\n   1: 0x0000000040000000..0x000000005c43ffff\n';
const MEMBLOCK_NEW =
  '   0: 0x0000000004000000..0x0000000007ffffff    0 NOMAP\n   1: 0x0000000040000000..0x000000005c43ffff    x NONE\n';

const LSMEM = [
  'RANGE                                  SIZE   STATE REMOVABLE          ZONES NODE BLOCK',
  '0x0000000000000000-0x0000000007ffffff  128M  online       yes           None    0     0',
  '0x0000000040000000-0x000000004fffffff  256M  online        no         Normal    1   8-9',
  '0x0000000080000000-0x0000000087ffffff  128M offline           Normal/Movable    1    16',
  '',
  'Memory block size:       128M',
  '',
].join('\n');

const PTDUMP = [
  '---[ Linear Mapping start ]---',
  '0xffff000000000000-0xffff000040000000           1G PUD',
  '0xffff000040000000-0xffff00004097c000        9712K PTE       RW NX SHD AF            UXN    MEM/NORMAL-TAGGED',
  '0xffff00004097c000-0xffff000080000000     1038864K PMD       ro x  SHD AF    CON BLK UXN    MEM/NORMAL',
  '---[ Linear Mapping end ]---',
  '0xffff000080000000-0x0000000000000000      261886G PGD',
  '',
].join('\n');

const TABLES = JSON.stringify(
  {
    name: 'linear',
    lo: '0xffff000000000000',
    hi: '0xffff800000000000',
    ttbr: '0x5b6c5000',
    geometry: { page_size: 4096 },
    table_pages: { PUD: 0, PMD: 0, PTE: 1 },
    leaves: [
      {
        va: '0xffff000040000000',
        pa: '0x40000000',
        size: '0x97c000',
        leaf: '4K-page',
        attr: 'AP=0 RW-EL1 PXN UXN AF G sw55(DIRTY) SH3 ATTR1',
        kind: 'leaf',
      },
    ],
    tables: [{ level: 'PTE', va: '0xffff000040000000', pa: '0x7fff7000', valid: 512, nonzero: 512 }],
  },
  null,
  1,
);

const MACHINE = `arch: arm64
page_size: 64K
release: v6.1
block_size: 512M
boot_options: [movable_node]
ram:
  - { start: 0x80000000, size: &size 1GiB, node: 1 }
  - start: "0x40000000"
    size: *size
holes:
  - { start: 0x50000000, size: 64K }
nodes:
  - { node: 1, cpus: "2-3", distance: [20, 10, 20] }
  - { node: 0, cpus: [1, 0] }
  - { node: 2, cpus: [4] }
slots:
  - { slot: 0, start: 4G, size: 1G, node: 2 }
`;

const OPS = JSON.stringify(
  {
    schema: 'mhp-recording/1',
    arch: 'arm64',
    kernel: '6.1.192',
    page_size: 4096,
    cmdline: 'quiet',
    steps: [
      { dir: '00-boot', ops: [{ op: 'observe', text: 'ls' }] },
      {
        dir: '01-add',
        ops: [
          {
            op: 'device_add',
            kind: 'dimm',
            id: 'd',
            size: 2 ** 30,
            node: 1,
            addr: 2 ** 31,
            error: null,
            ost: [0],
          },
          { op: 'write', path: '/sys/x', value: 'online', errno: 'EBUSY' },
          { op: 'remove_memory', start: 2 ** 31, size: 2 ** 27, errno: null, crashed: true },
          { op: 'use_memory', mib: 600, node: null, kind: 'device', device: '/dev/dax0.0' },
        ],
      },
    ],
  },
  null,
  1,
);

describe(`${RUNS} inputs each`, () => {
  it('/proc/iomem', () => holds(textOf(IOMEM), (text) => parseIomem(text, 'x')));

  it('/proc/zoneinfo', () => holds(textOf(ZONEINFO), (text) => parseZoneinfo(text, 'x')));

  it('memblock', () =>
    holds(textOf(MEMBLOCK_OLD, MEMBLOCK_NEW), (text) => parseMemblock(text, 'x', 'memory')));

  it('output of lsmem', () => holds(textOf(LSMEM), (text) => parseLsmem(text, 'x', 'lsmem')));

  it('kernel_page_tables', () => {
    const some = fc.subarray(PTDUMP.split('\n')).map((lines) => lines.join('\n'));
    holds(fc.oneof(textOf(PTDUMP), some), (text) =>
      parsePtdump(text, ['MEM/NORMAL', 'MEM/NORMAL-TAGGED'], 'x'),
    );
  });

  it('recorded page tables', () => {
    const value = JSON.parse(TABLES) as unknown;
    const replaced = fc
      .tuple(fc.nat({ max: 40 }), fc.jsonValue({ maxDepth: 2 }))
      .map(([at, extra]) => JSON.stringify(replaceAt(value, at, extra)));
    holds(fc.oneof(textOf(TABLES), replaced), (text) => parseTables(text, 'x', 'tables/linear.json'));
  });

  it('machine files', () => holds(textOf(MACHINE), (text) => parseMachineFile(text, 'x')), 60_000);

  it('ops.json', () => {
    const value = JSON.parse(OPS) as unknown;
    const replaced = fc
      .tuple(fc.nat({ max: 200 }), fc.jsonValue({ maxDepth: 2 }))
      .map(([at, extra]) => JSON.stringify(replaceAt(value, at, extra)));
    holds(fc.oneof(textOf(OPS), replaced), (text) => {
      const tree = new MemTree('x');
      tree.addFile('ops.json', text);
      tree.addDir('00-boot');
      tree.addDir('01-add');
      parseOps(text, 'x');
      recordingOf(tree);
    });
  });

  it('trees of blocks and nodes', () => {
    const M = 'sys/devices/system/memory';
    const N = 'sys/devices/system/node';
    const files: readonly (readonly [string, string])[] = [
      [`${M}/block_size_bytes`, '8000000\n'],
      [`${M}/auto_online_blocks`, 'offline\n'],
      [`${M}/memory0/valid_zones`, 'DMA\n'],
      ...[0, 8, 9].flatMap((id): [string, string][] => [
        [`${M}/memory${id}/state`, id === 9 ? 'offline\n' : 'online\n'],
        [`${M}/memory${id}/phys_index`, `0000000${id}\n`],
        [`${M}/memory${id}/removable`, '1\n'],
        [`${M}/memory${id}/node0`, '>../../node/node0'],
        [`${N}/node0/memory${id}`, `>../../memory/memory${id}`],
      ]),
      [`${N}/possible`, '0-1\n'],
      [`${N}/online`, '0\n'],
      [`${N}/node0/cpulist`, '0-3,8\n'],
      [`${N}/node0/distance`, '10\n'],
      ['proc/iomem', '00001000-07ffffff : System RAM\n40000000-4fffffff : System RAM\n'],
      ['proc/zoneinfo', ZONEINFO.slice(0, ZONEINFO.length / 2)],
      ['proc/cmdline', 'quiet\n'],
      ['sys/module/memory_hotplug/parameters/online_policy', 'contig-zones\n'],
    ];
    const change = fc.record({
      file: fc.nat({ max: files.length - 1 }),
      what: fc.constantFrom('path', 'text', 'text', 'text', 'drop', 'dir', 'bytes'),
      edits,
    });
    holds(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const tree = new MemTree('x');
      for (const [i, [path, text]] of files.entries()) {
        const made = changes.find(({ file }) => file === i);
        const name = made?.what === 'path' ? edited(path, made.edits) : path;
        const body = made?.what === 'text' ? edited(text, made.edits) : text;
        if (made?.what === 'drop') continue;
        if (made?.what === 'dir') tree.addDir(name);
        else if (made?.what === 'bytes') tree.addFile(name, new Uint8Array([0x31, 0xff, 0x0a]));
        else if (body.startsWith('>')) tree.addLink(name, body.slice(1));
        else tree.addFile(name, body);
      }
      let refused: unknown;
      try {
        listBlocks(tree, { nodes: true, zones: true });
      } catch (error) {
        if (!(error instanceof NoMemoryBlocks)) refused = error;
      }
      machineOf({ tree }, 'x');
      if (refused !== undefined) throw refused;
    });
  });

  it('archives', async () => {
    const plain = tarOf([
      ['top/sys/devices/system/memory/block_size_bytes', '8000000\n'],
      ['top/sys/devices/system/memory/memory0/state', 'online\n'],
      ['top/proc/iomem', IOMEM],
    ]);
    const bases = [
      { bytes: plain, mend: true },
      { bytes: plain, mend: false },
      { bytes: gzipSync(plain), mend: false },
      { bytes: readFileSync('test/fixtures/machines/dump.tar.bz2'), mend: false },
      { bytes: readFileSync('test/fixtures/machines/dump.tar.xz'), mend: false },
    ];
    const byteEdit = fc.record({
      kind: fc.constantFrom('flip', 'flip', 'set', 'cut', 'end', 'repeat'),
      at: fc.nat({ max: 1 << 20 }),
      value: fc.nat({ max: 255 }),
      length: fc.nat({ max: 600 }),
    });
    const tally = new Tally();
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: bases.length - 1 }),
        fc.array(byteEdit, { minLength: 1, maxLength: 3 }),
        async (b, list) => {
          const { bytes: base, mend } = bases[b]!;
          let bytes = Buffer.from(base);
          for (const { kind, at, value, length } of list) {
            const from = at % bytes.length;
            if (kind === 'flip') bytes[from]! ^= 1 << (value & 7);
            else if (kind === 'set') bytes[from] = value;
            else if (kind === 'cut')
              bytes = Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
            else if (kind === 'repeat')
              bytes = Buffer.concat([bytes.subarray(0, from + length), bytes.subarray(from)]);
            else if (length > 300) bytes = bytes.subarray(0, from);
            if (bytes.length === 0) break;
          }
          if (mend) mendHeaders(bytes);
          try {
            const tree = await unpackArchive('x', bytes, {
              limits: { stream: 1 << 24, file: 1 << 20, kept: 1 << 21 },
            });
            for (const name of tree.list('') ?? []) tree.kind(name);
          } catch (error) {
            tally.refused(error);
            return;
          }
          tally.fine();
        },
      ),
      parameters,
    );
    tally.check();
  }, 60_000);
});

/** The value with its n-th part, counted through all depths, replaced. */
function replaceAt(value: unknown, n: number, extra: unknown): unknown {
  let left = n;
  const walk = (part: unknown): unknown => {
    if (left-- === 0) return extra;
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part === 'object' && part !== null) {
      return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, walk(item)]));
    }
    return part;
  };
  return walk(value);
}

function tarOf(files: readonly (readonly [string, string])[]): Buffer {
  const parts: Buffer[] = [];
  for (const [path, text] of files) {
    const block = Buffer.alloc(512);
    new Header({ path, type: 'File', size: text.length, mode: 0o644, mtime: new Date(0) }).encode(block);
    parts.push(block, Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** Sets the checksum of every block that could be a header, so that damage reaches the code behind the check. */
function mendHeaders(bytes: Buffer): void {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    bytes.fill(0x20, at + 148, at + 156);
    let sum = 0;
    for (let i = at; i < at + 512; i++) sum += bytes[i]!;
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
}
