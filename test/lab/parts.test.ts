import { readFileSync } from 'node:fs';
import { deflateSync, gzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { TarWriter } from '../../src/machines/capture/tar-writer.ts';
import { snapshotsOf } from '../../src/report/data/run-view.ts';
import { findProgram } from '../../src/schedule/programs/built-in.ts';
import { changed, hashOf, numberIn, packed, placeOf, unpacked } from '../../ui/src/link.ts';
import { completionsAt, placeIn, type Schema } from '../../ui/src/parts/completion.ts';
import { machineOfBytes } from '../../ui/src/worker/dropped.ts';
import { graphOf } from '../../ui/src/worker/explore.ts';
import { runText } from '../../ui/src/worker/run-text.ts';
import { moduleOf } from '../../ui/src/worker/user-module.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('links', () => {
  test('a place comes back from its link', () => {
    const place = { view: 'story' as const, fields: { id: 'B14', geometry: '4K/39', step: '552' } };
    expect(placeOf(hashOf(place))).toEqual(place);
    expect(hashOf({ view: 'editor', fields: { text: '' } })).toBe('#/editor');
  });

  test('a change is as its link would bring it: an empty text leaves a field out', () => {
    const fields = changed({ id: 'B14', release: 'arm64-v5' }, { id: 'B17', release: '', geometry: '' });
    expect(fields).toEqual({ id: 'B17' });
    expect(placeOf(hashOf({ view: 'story', fields })).fields).toEqual(fields);
  });

  test('garbage in a link names no place and breaks nothing', () => {
    for (const hash of [
      '',
      '#',
      '#/nowhere',
      '#/story?%',
      '#?&&&=',
      '#/__proto__?x=1',
      `#/story?id=${'x'.repeat(100_000)}`,
    ])
      expect(placeOf(hash).view).toBe('story');
    expect(placeOf('#/story?__proto__=1&ID=2&id=B14')).toEqual({
      view: 'story',
      fields: { id: 'B14' },
      lost: 'The link: "__proto__" is no field.',
    });
    expect(placeOf('#/nowhere').lost).toBe('The link: "nowhere" is no view.');
    expect(placeOf('#/story?id=B14').lost).toBeUndefined();
    expect([
      numberIn('12', 0, 20),
      numberIn('21', 0, 20),
      numberIn('-1', 0, 20),
      numberIn('1e3', 0, 2000),
    ]).toEqual([12, undefined, undefined, undefined]);
  });

  test('a text comes back, and what unpacks to more than a million characters does not', () => {
    expect(unpacked(packed('schema: mhp-scenario/1\n# ü\n'))).toBe('schema: mhp-scenario/1\n# ü\n');
    expect(unpacked('!!!')).toBe(null);
    expect(unpacked('AAAA')).toBe(null);
    const bomb = Buffer.from(deflateSync(new Uint8Array(50_000_000))).toString('base64url');
    expect(unpacked(bomb)).toBe(null);
  });
});

describe('a dropped file', () => {
  const LSMEM = `RANGE                                 SIZE  STATE REMOVABLE BLOCK
0x0000000000000000-0x000000007fffffff   2G online       yes  0-15
0x0000000100000000-0x000000013fffffff   1G online       yes 32-39

Memory block size:       128M
Total online memory:       3G
Total offline memory:      0B
`;

  /** The same, packed by bzip2. */
  const LSMEM_BZ2 = Buffer.from(
    'QlpoOTFBWSZTWb6IGDAAAEZ/gBwUAAJAAnrwOq+dEDsvnHAgAJSGpqaTyTGpiZMIDQe0hDZQJQqeSPKaeoGg0NAZBoGiawgyqimSWuFGrZfwIgaEsKZHt5eVGYa55bEW3PRPeSBtIIEBgQurwBVIiXxXEExpE0qqaSP0dGLG8HNXJOyg3H2B9L6mYp3tKVUYrdAKe8D9NAcx7CLvkiXAZP1Jx6/ZFaXBFIuCSchyTDmKw/J3IfxdyRThQkL6IGDA',
    'base64',
  );

  test('what lsmem printed becomes a machine', async () => {
    const run = await machineOfBytes('lsmem.txt', bytes(LSMEM));
    expect(Object.keys(run.initial.blocks!)).toHaveLength(24);
    expect([run.block_size, run.steps]).toEqual([2 ** 27, []]);
    expect((await machineOfBytes('lsmem.txt.gz', gzipSync(bytes(LSMEM)))).initial).toEqual(run.initial);
    expect((await machineOfBytes('lsmem.txt.bz2', LSMEM_BZ2)).initial).toEqual(run.initial);
  });

  test('a recording becomes a run: what was done, and the machine after each step', async () => {
    const file = new URL('../../recordings/x86_64-6.1-dimm.tar.xz', import.meta.url);
    const run = await machineOfBytes('dimm.tar.xz', readFileSync(file));
    expect([run.arch, run.release, run.block_size]).toEqual(['x86_64', 'v6.1', 2 ** 27]);
    expect(run.steps.slice(0, 3).map(({ operation, result }) => [operation, result])).toEqual([
      ['device_add dimm dimm1 0x40000000 1 0x140000000', 'success'],
      ['echo online_movable > memory40/state … (8 operations)', 'success'],
      ['remove_memory 0x140000000 0x40000000', 'EBUSY'],
    ]);
    const [boot, added, online] = snapshotsOf(run);
    expect(boot!.blocks!.memory40).toBe(undefined);
    expect(added!.blocks!.memory40).toMatchObject({ state: 'offline', nodes: [1] });
    expect(online!.blocks!.memory40).toMatchObject({ state: 'online', zone: 'Movable' });
  });

  test('a capture lies in folders, as in a sosreport; two machines in one archive are refused', async () => {
    const one = [
      ['sos/sys/devices/system/memory/block_size_bytes', '8000000\n'],
      ['sos/sys/devices/system/memory/memory0/state', 'online\n'],
      ['sos/sys/devices/system/memory/memory0/phys_index', '00000000\n'],
      ['sos/proc/iomem', '00000000-07ffffff : System RAM\n'],
    ] as const;
    const tar = (files: readonly (readonly [string, string])[]): Uint8Array => {
      const writer = new TarWriter();
      for (const [path, text] of files) writer.addFile(path, text);
      return writer.bytes();
    };
    const run = await machineOfBytes('sos.tar', tar(one));
    expect(Object.keys(run.initial.blocks!)).toEqual(['memory0']);
    const two = [...one, ...one.map(([path, text]) => [path.replace('sos', 'other'), text] as const)];
    await expect(machineOfBytes('two.tar', tar(two))).rejects.toThrow('holds 2 machines');
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['noise', Uint8Array.from({ length: 400 }, (_, i) => (i * 97) % 256), /is neither text nor an archive/],
    ['much', new Uint8Array(33 * 2 ** 20), /the lab reads at most 33554432/],
    ['packed.xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), /is not an intact xz file/],
    ['packed.bz2', Uint8Array.of(0x42, 0x5a, 0x68, 0x39, 1, 2, 3), /is not an intact bzip2 file/],
    [
      'broken.gz',
      Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0),
      /is not an intact gzip file/,
    ],
    [
      'bomb.gz',
      Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f),
      /when it is unpacked/,
    ],
    ['empty', new Uint8Array(0), /./],
  ])('%s is refused in one line', async (name, given, message) => {
    await expect(machineOfBytes(name, given)).rejects.toThrow(message);
  });
});

test('a scenario of the editor is run as mhp run runs it; what a browser cannot do is said', () => {
  const head =
    'release: v6.1\nmachine: { arch: x86_64, ram: [{ start: 0, size: 2G }], nodes: [{ node: 0 }] }\n';
  const run = runText(
    `${head}steps: [{ device_add: { id: d, start: 5G, size: 256M, node: 0 } }]`,
    'mine.yaml',
    null,
  );
  expect(run.steps.map(({ result }) => result)).toEqual(['success']);
  expect(() => runText('machine: other.yaml\nsteps: [{ unpin: {} }]', 'mine.yaml', null)).toThrow(
    'is in another file',
  );
  expect(() => runText('nonsense', 'mine.yaml', null)).toThrow('mine.yaml');
});

test('a module gets the names that it is given, and can import nothing else', () => {
  const given = ['mhp/explorer', 'mhp'];
  expect(
    moduleOf("import { defineRelease, R as read } from 'mhp';\nexport default 1;", 'design', given),
  ).toBe("const { defineRelease, R : read } = globalThis.given['mhp'];\nexport default 1;");
  expect(moduleOf("import {\n  explore,\n} from 'mhp/explorer';", 'program', given)).toBe(
    "const {\n  explore,\n} = globalThis.given['mhp/explorer'];",
  );
  for (const code of ["import fs from 'node:fs';", "import { x } from './other.js';", "import 'mhp';"])
    expect(() => moduleOf(code, 'program', given)).toThrow(
      "program: imports something else than names of 'mhp/explorer' or 'mhp'",
    );
});

describe('completion in a scenario', () => {
  const schema = JSON.parse(
    readFileSync(new URL('../../schemas/scenario.schema.json', import.meta.url), 'utf8'),
  ) as Schema;
  const offered = (text: string): string[] => completionsAt(schema, placeIn(text)).map(({ label }) => label);

  test.each<[string, readonly string[], boolean]>([
    ['', [], false],
    ['machine:\n  ', ['machine'], false],
    ['machine:\n  arch: ', ['machine', 'arch'], true],
    ['machine: { arch: arm64, ', ['machine'], false],
    ['machine: { arch: ', ['machine', 'arch'], true],
    ['machine:\n  ram:\n    - { start: 0, ', ['machine', 'ram'], false],
    ['steps:\n- ', ['steps'], false],
    ['steps:\n  - add:\n      ', ['steps', 'add'], false],
    ['steps:\n  - add: { start: 1G }\n  - ', ['steps'], false],
    [
      'machine:\n  arch: arm64\nsteps:\n  - offline: { blocks: 3, expect: ',
      ['steps', 'offline', 'expect'],
      true,
    ],
  ])('the place at the end of %j', (text, keys, value) => {
    expect(placeIn(text)).toEqual({ keys, value });
  });

  test('keys and values that fit there, and no others', () => {
    expect(offered('')).toEqual(expect.arrayContaining(['machine', 'release', 'steps', 'threads']));
    expect(offered('')).not.toContain('arch');
    expect(offered('machine:\n  arch: ')).toEqual(['arm64', 'x86_64']);
    expect(offered('steps:\n  - add: { ')).toEqual(expect.arrayContaining(['start', 'size', 'expect']));
    expect(offered('steps:\n  - ')).toEqual(expect.arrayContaining(['add', 'offline', 'device_add']));
    expect(offered('steps:\n  - add: { start: 1G, expect: ')).toContain('EBUSY');
    expect(offered('nonsense:\n  ')).toEqual([]);
  });
});

test('the graph of a small program has every state once, and none of a large one is drawn', () => {
  const graph = graphOf(findProgram('philosophers(2)').program)!;
  expect(graph.nodes.flatMap(({ end }) => end ?? []).sort()).toEqual(['ended', 'stuck']);
  expect(new Set(graph.nodes.map(({ text }) => text)).size).toBe(graph.nodes.length);
  expect(graphOf(findProgram('racers(3, 5)').program)).toBe(null);
});
