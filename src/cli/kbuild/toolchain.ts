import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { InputError } from '../../errors/input-error.ts';

/** The versions of clang whose textual IR is read. */
const OLDEST = 17;
const NEWEST = 22;

/** The version that a message proposes to install: Debian 12 has it. */
const PROPOSED = 19;

export interface Toolchain {
  /** Paths of the programs. */
  readonly clang: string;
  readonly opt: string;
  readonly major: number;
  /** The first line of `clang --version`. */
  readonly version: string;
}

/** The path of a program, or undefined. */
function pathOf(program: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not there
    }
  }
  return undefined;
}

const install = (packages: readonly string[]): string => `apt-get install ${packages.join(' ')}`;

function versionOf(program: string): { readonly line: string; readonly major: number } | undefined {
  const { stdout, status } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  const found = /(?:clang|LLVM) version (\d+)/.exec(stdout ?? '');
  return status === 0 && found ? { line: stdout.split('\n')[0]!.trim(), major: Number(found[1]) } : undefined;
}

/**
 * The newest clang of an accepted version that has an opt of the same version beside it.
 * @throws InputError that names what is there and what to install
 */
export function findToolchain(): Toolchain {
  const numbers = Array.from({ length: NEWEST - OLDEST + 1 }, (_, i) => NEWEST - i);
  const refused: string[] = [];
  for (const name of ['clang', ...numbers.map((n) => `clang-${n}`)]) {
    const clang = pathOf(name);
    const version = clang && versionOf(clang);
    if (!clang || !version) continue;
    if (version.major < OLDEST || version.major > NEWEST) {
      refused.push(`${name} is version ${version.major}`);
      continue;
    }
    const opt = [`opt-${version.major}`, 'opt']
      .map(pathOf)
      .find((path) => path !== undefined && versionOf(path)?.major === version.major);
    if (opt) return { clang, opt, major: version.major, version: version.line };
    refused.push(`${name} has no opt of version ${version.major}`);
  }
  const found = refused.length > 0 ? ` (${refused.join(', ')})` : '';
  throw new InputError(
    'mhp ir',
    '',
    `needs clang and opt of version ${OLDEST} to ${NEWEST}${found}: ${install([`clang-${PROPOSED}`, `llvm-${PROPOSED}`, `lld-${PROPOSED}`])}`,
  );
}

/** Programs of LLVM that kbuild calls with LLVM=1. */
const LLVM = [
  'clang',
  'ld.lld',
  'llvm-ar',
  'llvm-nm',
  'llvm-objcopy',
  'llvm-objdump',
  'llvm-readelf',
  'llvm-strip',
];

/** Programs that preparing a tree calls, by the packages that have them. */
const HOST: Readonly<Record<string, string>> = {
  make: 'make',
  flex: 'flex',
  bison: 'bison',
  bc: 'bc',
  gcc: 'gcc',
};

/** Refuses a machine without the programs that kbuild needs. @throws InputError with the line that installs them */
export function checkPrograms({ major }: Toolchain, prepares: boolean): void {
  const host = prepares ? Object.keys(HOST) : ['make'];
  const missing = host.filter((program) => !pathOf(program));
  const llvm = prepares && LLVM.some((program) => !pathOf(`${program}-${major}`) && !pathOf(program));
  if (missing.length === 0 && !llvm) return;
  const packages = [
    ...missing.map((program) => HOST[program]!),
    ...(llvm ? [`clang-${major}`, `llvm-${major}`, `lld-${major}`] : []),
    ...(prepares ? ['libssl-dev', 'libelf-dev'] : []),
  ];
  throw new InputError('mhp ir', '', `kbuild needs more programs: ${install(packages)}`);
}

/** Makes a folder with LLVM's programs of one version under the names that kbuild uses. */
export function linkPrograms({ major }: Toolchain, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const program of LLVM) {
    const path = pathOf(`${program}-${major}`) ?? pathOf(program);
    if (!path) continue;
    rmSync(join(folder, program), { force: true });
    symlinkSync(path, join(folder, program));
  }
}
