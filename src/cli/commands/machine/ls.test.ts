import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CommanderError } from 'commander';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { inProcess, type Printed } from '../../../../test/in-process.ts';
import { InputError } from '../../../errors/input-error.ts';
import { listBlocks } from '../../../machines/lsmem/lsmem-source.ts';
import { MemTree } from '../../../machines/sources/mem-tree.ts';
import { LS_COLUMNS, renderLsmem } from '../../../report/blocks/lsmem.ts';
import { define } from './ls.ts';

interface Golden {
  readonly lsmem: string;
  readonly machines: readonly {
    readonly name: string;
    readonly block_size_bytes: string;
    readonly blocks: readonly GoldenBlock[] | string;
    readonly runs: readonly { readonly args: readonly string[]; readonly stdout: string }[];
  }[];
}
interface GoldenBlock {
  readonly id: number;
  readonly state: string;
  readonly removable?: string;
  readonly valid_zones?: string;
  readonly node?: number;
}

const FIXTURES = 'test/fixtures/machines';
const golden = JSON.parse(readFileSync(`${FIXTURES}/lsmem-golden.json`, 'utf8')) as Golden;
const tmp = mkdtempSync(join(tmpdir(), 'mhp-ls-'));
afterAll(() => rmSync(tmp, { recursive: true, force: true }));
afterEach(() => {
  process.exitCode = 0;
});

const ls = (...args: readonly string[]): Promise<Printed> => inProcess(define, ['ls', ...args]);

function file(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe(`mhp ls prints what ${golden.lsmem} printed`, () => {
  for (const { name, block_size_bytes, blocks, runs } of golden.machines) {
    const root = join(tmp, name);
    const memory = 'sys/devices/system/memory';
    const list =
      typeof blocks === 'string'
        ? Array.from(
            { length: 257 },
            (_, id): GoldenBlock => ({
              id,
              state: id % 3 ? 'online' : 'offline',
              removable: '1',
              valid_zones: 'Normal',
              node: 0,
            }),
          )
        : blocks;
    file(root, `${memory}/block_size_bytes`, `${block_size_bytes}\n`);
    for (const { id, state, removable, valid_zones, node } of list) {
      file(root, `${memory}/memory${id}/state`, `${state}\n`);
      if (removable !== undefined) file(root, `${memory}/memory${id}/removable`, `${removable}\n`);
      if (valid_zones !== undefined) file(root, `${memory}/memory${id}/valid_zones`, `${valid_zones}\n`);
      if (node !== undefined)
        symlinkSync(`../../node/node${node}`, join(root, memory, `memory${id}/node${node}`));
    }
    it.each(runs)(`for "${name}" with $args`, async ({ args, stdout }) => {
      expect(await ls(...args, '-s', root)).toMatchObject({ stdout, error: undefined });
    });
  }
});

describe('mhp ls', () => {
  it('reads an archive', async () => {
    const { stdout } = await ls('-s', `${FIXTURES}/dump.tar.xz`, '--output-all');
    expect(stdout).toBe(
      [
        'RANGE                                  SIZE   STATE REMOVABLE BLOCK NODE          ZONES',
        '0x0000000000000000-0x0000000017ffffff  384M  online       yes   0-2    0         Normal',
        '0x0000000018000000-0x000000001fffffff  128M offline               3    0 Normal/Movable',
        '',
        'Memory block size:       128M',
        'Total online memory:     384M',
        'Total offline memory:    128M',
        '',
      ].join('\n'),
    );
  });

  it('prints 32,768 blocks a line each', () => {
    const tree = new MemTree('generated');
    tree.addFile('sys/devices/system/memory/block_size_bytes', '8000000\n');
    for (let id = 0; id < 32_768; id++)
      tree.addFile(`sys/devices/system/memory/memory${id}/state`, 'online\n');
    const memory = listBlocks(tree, { nodes: true, zones: true });
    for (const format of ['table', 'json', 'raw', 'pairs'] as const) {
      const text = renderLsmem(memory.blocks, memory.block_size, {
        columns: LS_COLUMNS,
        split: undefined,
        all: true,
        bytes: false,
        headings: false,
        format,
        list: true,
        version: '2.38',
        summary: false,
      });
      expect(text.includes('0x000003fff8000000-0x000003ffffffffff')).toBe(true);
      expect(text.split('\n')).toHaveLength(format === 'json' ? 32_768 * 8 + 6 : 32_769);
    }
  });

  it.each([
    [['-J', '-P'], 'mhp ls: mutually exclusive arguments: --json --pairs --raw\n'],
    [['-a', '-S', 'NODE'], 'mhp ls: mutually exclusive arguments: --split --all\n'],
    [['--summary=sometimes'], 'mhp ls: unsupported --summary argument\n'],
    [['-J', '--summary'], 'mhp ls: options --{raw,json,pairs} and --summary=only are mutually exclusive\n'],
    [['--summary', '-r'], 'mhp ls: options --{raw,json,pairs} and --summary=only are mutually exclusive\n'],
    [['-o', 'STATE,SPEED'], 'mhp ls: unknown column: SPEED\n'],
    [['-S', 'STATE,,NODE'], 'mhp ls: unknown column: \n'],
  ])('refuses %j', async (args, message) => {
    const { stdout, stderr, error } = await ls(...args, '-s', `${FIXTURES}/dump.tar.gz`);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: message });
    expect((error as CommanderError).exitCode).toBe(2);
  });

  it('ends with 1 where the kernel has no memory blocks', async () => {
    file(join(tmp, 'without'), 'sys/devices/system/memory/auto_online_blocks', 'offline\n');
    const result = await ls('-s', join(tmp, 'without'));
    expect(result).toEqual({
      stdout: '',
      stderr: `mhp ls: ${join(tmp, 'without')}: This system does not support memory blocks\n`,
      error: undefined,
    });
    expect(process.exitCode).toBe(1);
    mkdirSync(join(tmp, 'nothing/sys'), { recursive: true });
    expect((await ls('-s', join(tmp, 'nothing'))).stderr).toBe(
      `mhp ls: ${join(tmp, 'nothing')}: cannot open /sys/devices/system/memory: No such file or directory\n`,
    );
  });

  it('names a source that cannot be read', async () => {
    const { error } = await ls('-s', join(tmp, 'absent'));
    expect(error).toEqual(new InputError(join(tmp, 'absent'), '', 'no such file or directory'));
  });
});

describe('LSMEM_COLUMNS', () => {
  const root = join(tmp, 'columns');
  file(root, 'sys/devices/system/memory/block_size_bytes', '8000000\n');
  file(root, 'sys/devices/system/memory/memory0/state', 'online\n');
  const shown = async (columns: string, ...args: readonly string[]): Promise<string> => {
    process.env.LSMEM_COLUMNS = columns;
    try {
      const { stdout, error } = await ls('-s', root, '-n', '--summary=never', '-b', ...args);
      return error === undefined ? stdout.replaceAll(/ +/g, ' ') : String((error as Error).message);
    } finally {
      delete process.env.LSMEM_COLUMNS;
    }
  };

  it('sets the columns as lsmem 2.42 does, unless -o does', async () => {
    expect(await shown('SIZE,state', '--lsmem', '2.42')).toBe('134217728 online\n');
    expect(await shown('+BLOCK', '--lsmem', '2.42')).toMatch(/ 0\n$/);
    expect(await shown('SIZE', '--lsmem', '2.42', '-o', 'STATE')).toBe('online\n');
    expect(await shown('NOTHING', '--lsmem', '2.42')).toContain('unknown column: NOTHING');
  });

  it('means nothing to 2.38.1, and no text has a colour', async () => {
    const plain = await shown('SIZE');
    expect(plain).not.toBe(await shown('SIZE', '--lsmem', '2.42'));
    expect(plain).not.toContain('\u001b');
  });
});
