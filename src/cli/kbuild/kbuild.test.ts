import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Bundle } from '../../source/bundle.ts';
import { parseBundle, readCapabilities, readConfig, readFeatures } from '../../source/bundle.ts';
import { loadBundle, saveBundle } from './bundle-file.ts';
import { commandOf } from './compile.ts';
import { checkPrograms, findToolchain } from './toolchain.ts';
import { checkClean, kernelTree, treeLines } from './tree.ts';

let folder: string;
let path: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mhp-kbuild-'));
  path = process.env.PATH;
});

afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true, force: true });
});

/** Programs that only say their version; nothing else is found. */
function programs(versions: Readonly<Record<string, string>>): void {
  for (const [name, line] of Object.entries(versions)) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho '${line}'\n`);
    chmodSync(join(folder, name), 0o755);
  }
  process.env.PATH = folder;
}

test('the newest clang that has an opt of its version is taken', () => {
  programs({
    clang: 'Debian clang version 14.0.6',
    'clang-19': 'Debian clang version 19.1.7 (3)',
    'clang-20': 'clang version 20.1.0',
    'opt-19': 'Debian LLVM version 19.1.7',
    opt: 'LLVM version 14.0.6',
  });
  expect(findToolchain()).toEqual({
    clang: join(folder, 'clang-19'),
    opt: join(folder, 'opt-19'),
    major: 19,
    version: 'Debian clang version 19.1.7 (3)',
  });
});

test.each([
  [{}, 'mhp ir: needs clang and opt of version 17 to 22: apt-get install clang-19 llvm-19 lld-19'],
  [
    { clang: 'clang version 16.0.6', 'clang-17': 'clang version 17.0.1' },
    'mhp ir: needs clang and opt of version 17 to 22 (clang is version 16, clang-17 has no opt of version 17): apt-get install clang-19 llvm-19 lld-19',
  ],
])('what is missing is named with the line that installs it', (there, message) => {
  programs(there);
  expect(findToolchain).toThrow(message);
});

test('programs of the host that kbuild needs', () => {
  const toolchain = { clang: 'clang', opt: 'opt', major: 19, version: '' };
  programs({ make: '' });
  checkPrograms(toolchain, false);
  expect(() => checkPrograms(toolchain, true)).toThrow(
    'mhp ir: kbuild needs more programs: apt-get install flex bison bc gcc clang-19 llvm-19 lld-19 libssl-dev libelf-dev',
  );
});

test('a tree is known by its top, and must not be built in', () => {
  expect(() => kernelTree(folder)).toThrow(`--source: ${folder} is not the top of a kernel tree`);
  mkdirSync(join(folder, 'arch/arm64/mm'), { recursive: true });
  writeFileSync(join(folder, 'arch/arm64/mm/mmu.c'), '');
  writeFileSync(join(folder, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 192\nEXTRAVERSION =\n');
  const tree = kernelTree(folder);
  expect(tree.version).toBe('6.1.192');
  checkClean(tree);
  writeFileSync(join(folder, '.config'), '');
  expect(() => checkClean(tree)).toThrow('was built in place');
  writeFileSync(join(folder, 'arch/arm64/mm/mmu.c'), 'one;\n\ttwo;\n');
  expect(treeLines(folder, '6.1.192')('arch/arm64/mm/mmu.c')[1]).toBe('\ttwo;');
  expect(treeLines(folder, '6.1.192')('mm/none.c')).toEqual([]);
  expect(() => treeLines(folder, '6.1.191')).toThrow(
    `--tree: ${folder} is Linux 6.1.192, the bundle is of 6.1.191`,
  );
});

test("kbuild's command is the one that runs, not the one that is echoed or kept", () => {
  const line =
    "set -e;  echo '  clang -DX='\\''\"y\"'\\'' -o mm/a.ll /t/mm/a.c';    trap 'rm -f mm/a.ll; trap - INT; kill -s INT $$' INT; clang -DX='\"y\"' -o mm/a.ll /t/mm/a.c; scripts/basic/fixdep mm/.a.ll.d mm/a.ll 'clang -o mm/a.ll /t/mm/a.c' > mm/.a.ll.cmd; rm -f mm/.a.ll.d";
  expect(commandOf(line, 'mm/a.c')).toBe('clang -DX=\'"y"\' -o mm/a.ll /t/mm/a.c');
  expect(commandOf(line, 'mm/b.c')).toBeUndefined();
  expect(commandOf('make -f scripts/Makefile.build mm/a.c;', 'mm/a.c')).toBeUndefined();
});

test('options and capabilities by name', () => {
  expect(readConfig('CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C="text"\nCONFIG_D=48\n')).toEqual({
    A: 'y',
    C: 'text',
    D: '48',
  });
  expect(readCapabilities('#define ARM64_MTE   \t\t41\n#define ARM64_NCAPS 90\n#define OTHER 3\n')).toEqual({
    MTE: 41,
    NCAPS: 90,
  });
});

const BUNDLE: Bundle = {
  format: 'mhp-ir 1',
  arch: 'arm64',
  version: '6.1.0',
  compiler: 'clang version 19',
  hash: '00',
  config: { ARM64_VA_BITS: '48' },
  capabilities: {},
  modules: [{ file: 'a.c', text: 'source_filename = "a.c"' }],
};

test('a bundle comes back from its file as it was', () => {
  const file = join(folder, 'own.ir');
  saveBundle(file, BUNDLE);
  expect(loadBundle(file)).toEqual(BUNDLE);
});

test('what is no bundle is refused in one line', () => {
  const file = join(folder, 'x');
  writeFileSync(file, 'text');
  expect(() => loadBundle(file)).toThrow(`${file}: not a bundle of mhp ir`);
  expect(() => loadBundle(join(folder, 'none'))).toThrow('no such file or directory');
  expect(() => parseBundle('{"format":"mhp-ir 0"}', 'x')).toThrow('x: not a bundle of this mhp');
  expect(() => parseBundle('{"format":"mhp-ir 1"}', 'x')).toThrow('x: the bundle is damaged');
  expect(() => parseBundle('nothing', 'x')).toThrow('x: not a bundle of mhp ir');
});

test('features of x86 are numbered as word and bit', () => {
  const header =
    '#define X86_FEATURE_ONE\t\t( 0*32+ 3) /* "one" */\n#define X86_FEATURE_TWO (16*32+16)\n#define X86_BUG_X (0*32+1)\n#define X86_FEATURE_ALL NCAPINTS\n';
  expect(readFeatures(header)).toEqual({ ONE: 3, TWO: 528 });
});
