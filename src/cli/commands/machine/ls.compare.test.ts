import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { cases } from '../../../../test/cases.ts';
import { printedBy } from '../../../../test/in-process.ts';
import { openRecording } from '../../../machines/recording/open-recording.ts';
import type { FileTree } from '../../../machines/sources/tree.ts';
import { define } from './ls.ts';

// Compares the output byte for byte with that of the installed lsmem. Without lsmem this whole file is skipped, and
// only lsmem.test.ts tests the output.
const version = spawnSync('lsmem', ['-V'], { encoding: 'utf8' }).stdout ?? '';
const comparable = /util-linux 2\.3[6-9]/.test(version);
const why = comparable
  ? version.trim()
  : `SKIPPED: no lsmem of util-linux 2.36 to 2.39 here (${version.trim() || 'not installed'})`;

const RECORDINGS = 'recordings';
/** The number of generated machines. */
const RUNS = cases(20, 120);

const tmp = mkdtempSync(join(tmpdir(), 'mhp-ls-'));
afterAll(() => rmSync(tmp, { recursive: true, force: true }));

const OPTION_SETS: readonly (readonly string[])[] = [
  [],
  ['-a'],
  ['--output-all'],
  ['-J', '--output-all', '-b'],
  ['-J', '--summary=always'],
  ['--summary=always', '-P', '--output-all'],
  ['-r', '--output-all', '-a', '--summary=always'],
  ['-n', '-b', '-o', '+NODE,ZONES'],
  ['-S', 'NODE,STATE', '-o', 'block,size,node'],
  ['-S', 'none', '--summary=never'],
  ['-S', 'ZONES', '-n'],
  ['-o', 'REMOVABLE,STATE'],
  ['-o', 'BLOCK,REMOVABLE'],
  ['-o', 'SIZE,RANGE'],
  ['-o', 'ZONES,RANGE,STATE,STATE', '-J'],
  ['--summary', '-b'],
  ['-o', 'NODE', '-r', '-n'],
];

async function agree(root: string, sets: readonly (readonly string[])[]): Promise<number> {
  for (const set of sets) {
    const args = [...set, '-s', root];
    const theirs = spawnSync('lsmem', args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
    expect(theirs.status).toBe(0);
    expect(await printedBy(define, ['ls', ...args]), args.join(' ')).toBe(theirs.stdout);
  }
  return sets.length;
}

const MEMORY = 'sys/devices/system/memory';

/** The files that lsmem reads of a tree: their texts, and targets of links after a `>`, by path. */
function blocksOf(tree: FileTree): Map<string, string> {
  const files = new Map([['block_size_bytes', tree.readText(`${MEMORY}/block_size_bytes`)!]]);
  for (const block of tree.list(MEMORY) ?? []) {
    if (!/^memory\d+$/.test(block)) continue;
    for (const file of tree.list(`${MEMORY}/${block}`) ?? []) {
      const path = `${MEMORY}/${block}/${file}`;
      if (/^node\d+$/.test(file)) files.set(`${block}/${file}`, `>${tree.readlink(path)}`);
      else if (/^(state|removable|valid_zones)$/.test(file))
        files.set(`${block}/${file}`, tree.readText(path)!);
    }
  }
  return files;
}

function writeBlocks(files: ReadonlyMap<string, string>, root: string): void {
  for (const [path, text] of files) {
    const full = join(root, MEMORY, path);
    mkdirSync(dirname(full), { recursive: true });
    if (text.startsWith('>')) symlinkSync(text.slice(1), full);
    else writeFileSync(full, text);
  }
}

describe.skipIf(!comparable)(`mhp ls prints the bytes of lsmem (${why})`, () => {
  const archives = existsSync(RECORDINGS)
    ? readdirSync(RECORDINGS).filter((name) => name.endsWith('.tar.xz'))
    : [];

  it.skipIf(archives.length === 0).each(archives)('for every step of %s', async (name) => {
    const recording = await openRecording(join(RECORDINGS, name));
    const seen = new Set<string>();
    for (const { dir, tree } of recording.steps) {
      if (tree.kind(MEMORY) === undefined) continue;
      const files = blocksOf(tree);
      const text = JSON.stringify([...files]);
      // A step whose blocks equal those of another step is compared with it.
      if (seen.has(text)) continue;
      const sets = [0, 8].map((n) => OPTION_SETS[(seen.size + n) % OPTION_SETS.length]!);
      seen.add(text);
      const root = join(tmp, name, dir);
      writeBlocks(files, root);
      await agree(root, sets);
      rmSync(root, { recursive: true });
    }
    expect(seen.size).toBeGreaterThan(0);
  });

  const word = fc.constantFrom(
    'DMA',
    'DMA32',
    'Normal',
    'Movable',
    'HighMem',
    'Highmem',
    'Device',
    'none',
    'Odd',
  );
  const block = fc.record({
    gap: fc.constantFrom(0, 0, 0, 0, 1, 7),
    state: fc.constantFrom('online', 'online', 'online', 'offline', 'going-offline', 'bogus', '', undefined),
    removable: fc.constantFrom('1', '1', '0', '2', '', undefined),
    zones: fc.oneof(
      fc.constant(undefined),
      fc.constant([]),
      fc.array(word, { maxLength: 4 }),
      fc.constant(['Normal']),
    ),
    node: fc.constantFrom(0, 0, 0, 1, 12, undefined),
  });
  const machine = fc.record({
    first: fc.constantFrom(0, 0, 0, 1, 5, 32, 1000),
    size: fc.constantFrom(
      0x1000,
      0x1000000,
      0x8000000,
      0x8000000,
      0x20000000,
      0x40000000,
      0x80000000,
      0x1000000000,
    ),
    blocks: fc.array(block, { minLength: 1, maxLength: 24 }),
  });

  it('for generated machines', async () => {
    let made = 0;
    await fc.assert(
      fc.asyncProperty(machine, async ({ first, size, blocks }) => {
        const root = join(tmp, `generated-${made++}`);
        const files = new Map([['block_size_bytes', `${size.toString(16)}\n`]]);
        let id = first;
        for (const { gap, state, removable, zones, node } of blocks) {
          id += gap;
          mkdirSync(join(root, MEMORY, `memory${id}`), { recursive: true });
          if (state !== undefined) files.set(`memory${id}/state`, `${state}\n`);
          if (removable !== undefined) files.set(`memory${id}/removable`, `${removable}\n`);
          if (zones !== undefined) files.set(`memory${id}/valid_zones`, `${zones.join(' ')}\n`);
          if (node !== undefined) files.set(`memory${id}/node${node}`, `>../../node/node${node}`);
          id++;
        }
        writeBlocks(files, root);
        const sets = [0, 5, 11].map((n) => OPTION_SETS[(made + n) % OPTION_SETS.length]!);
        await agree(root, sets);
        rmSync(root, { recursive: true });
      }),
      { seed: 20, numRuns: RUNS },
    );
  });

  it('for sizes around every rounding', async () => {
    for (const [shift, counts] of [
      [12, [1, 3, 255, 256, 257, 260, 300]],
      [27, [7, 8, 9, 12, 81, 82, 100]],
    ] as const) {
      for (const count of counts) {
        const files = new Map([['block_size_bytes', `${(2 ** shift).toString(16)}\n`]]);
        for (let id = 0; id < count; id++)
          files.set(`memory${id}/state`, id % 3 === 0 ? 'offline\n' : 'online\n');
        const root = join(tmp, 'sizes');
        writeBlocks(files, root);
        await agree(root, [['-S', 'none']]);
        rmSync(root, { recursive: true });
      }
    }
  });
});
