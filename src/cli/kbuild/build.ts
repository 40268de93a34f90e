import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { InputError } from '../../errors/input-error.ts';
import { type CommandResult, runProgram } from './command.ts';
import { checkClean, type KernelTree } from './tree.ts';

/** A configured build of a tree, outside of it. */
export interface Build {
  readonly tree: KernelTree;
  readonly arch: 'arm64' | 'x86_64';
  /** The folder of the build. */
  readonly path: string;
  /** The folder with LLVM's programs. */
  readonly programs: string;
}

/** Options that memory hotplug needs, and those that only make the IR larger. */
const FORCED = [
  'CONFIG_MEMORY_HOTPLUG=y',
  'CONFIG_MEMORY_HOTREMOVE=y',
  'CONFIG_ZONE_DEVICE=y',
  'CONFIG_PTDUMP_DEBUGFS=y',
  '# CONFIG_MODVERSIONS is not set',
  '# CONFIG_DEBUG_INFO_BTF is not set',
  '# CONFIG_LTO_CLANG_THIN is not set',
  '# CONFIG_CFI_CLANG is not set',
];

/** The folder of an architecture below arch/. */
export const sourceArch = (arch: Build['arch']): 'arm64' | 'x86' => (arch === 'arm64' ? arch : 'x86');

const CROSS = { arm64: 'aarch64-linux-gnu-', x86_64: 'x86_64-linux-gnu-' } as const;

export function make(build: Build, ...args: readonly string[]): Promise<CommandResult> {
  const env = { ...process.env, PATH: `${build.programs}${delimiter}${process.env.PATH ?? ''}` };
  return runProgram(
    'make',
    [
      '-C',
      build.tree.path,
      `O=${build.path}`,
      `ARCH=${build.arch}`,
      'LLVM=1',
      // until v5.14 an assembler of GNU is asked for otherwise
      'LLVM_IAS=1',
      `CROSS_COMPILE=${CROSS[build.arch]}`,
      ...args,
    ],
    { env },
  );
}

async function made(build: Build, what: string, ...args: readonly string[]): Promise<void> {
  const { status, out, errors } = await make(build, ...args);
  if (status === 0) return;
  const lines = `${out.slice(-2000)}\n${errors}`
    .split('\n')
    .filter((line) => /error:|not found|not supported|No rule|can.t open|\*\*\* \[/i.test(line));
  throw new InputError('mhp ir', `make ${args.at(-1)}`, `${what} failed: ${(lines.at(0) ?? errors).trim()}`);
}

/** What a build needs of one that is prepared: its configuration and all that was generated for it. */
const PREPARED = ['.config', 'Makefile', 'include', 'scripts/basic', 'scripts/mod'];

/** Copies what is needed of a build that the user has prepared. @throws InputError if it is not prepared */
export function copyBuild(build: Build, from: string): void {
  for (const file of ['.config', 'include/generated/autoconf.h', 'include/generated/asm-offsets.h']) {
    if (!existsSync(join(from, file)))
      throw new InputError(
        '--build',
        '',
        `${from} has no ${file}: run make prepare there, or leave --build out`,
      );
  }
  for (const part of [...PREPARED, `arch/${sourceArch(build.arch)}/include/generated`]) {
    if (existsSync(join(from, part))) cpSync(join(from, part), join(build.path, part), { recursive: true });
  }
}

/**
 * Configures and prepares a tree in a folder of its own. What an earlier run has finished is not done again.
 * @param config the text of a .config; null for the architecture's defconfig
 */
export async function prepareBuild(
  build: Build,
  config: string | null,
  tell: (text: string) => void,
): Promise<void> {
  const done = join(build.path, '.mhp-prepared');
  if (existsSync(done)) return;
  checkClean(build.tree);
  mkdirSync(build.path, { recursive: true });
  const file = join(build.path, '.config');
  if (config === null) {
    tell('default configuration');
    await made(build, 'the default configuration', 'defconfig');
    writeFileSync(file, `${readFileSync(file, 'utf8')}${FORCED.join('\n')}\n`);
  } else writeFileSync(file, config);
  tell('configuration');
  await made(build, 'the configuration', 'olddefconfig');
  tell('generated headers');
  await made(build, 'preparing the tree', 'prepare');
  writeFileSync(done, '');
}
