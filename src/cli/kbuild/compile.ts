import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { InputError } from '../../errors/input-error.ts';
import type { BundleModule } from '../../source/bundle.ts';
import { type Build, make, sourceArch } from './build.ts';
import { runProgram } from './command.ts';
import type { Toolchain } from './toolchain.ts';

/** Keep names, and leave optimisation to the passes below: every function and variable stays. */
export const IR_FLAGS = ['-g', '-Xclang', '-disable-llvm-passes', '-fno-discard-value-names'];

/** Constants are folded and dead branches go, which C code of the kernel relies on; nothing is inlined that C does not ask for. */
export const passesOf = (major: number): string => {
  const combine = major >= 18 ? 'instcombine<no-verify-fixpoint>' : 'instcombine';
  return `always-inline,function(sroa,early-cse<memssa>,${combine},simplifycfg,lower-constant-intrinsics,simplifycfg,dce)`;
};

/** The command that compiles a file, out of a line that `make --dry-run` prints: after the one that it would echo. */
export function commandOf(line: string, file: string): string | undefined {
  const start = line.indexOf('; clang ');
  const end = line.indexOf(`${file};`, start);
  return start < 0 || end < 0 ? undefined : line.slice(start + 2, end + file.length);
}

/** Commands that an earlier run has asked kbuild for; they hold while no Makefile has changed. */
interface KeptCommands {
  readonly makefiles: string;
  readonly commands: Readonly<Record<string, string>>;
}

/** All Makefiles that decide on the commands for some files, as a hash. */
function makefiles({ tree, arch }: Build, files: readonly string[]): string {
  const own = files.map((file) => join(dirname(file), 'Makefile'));
  const all = [
    'Makefile',
    `arch/${sourceArch(arch)}/Makefile`,
    ...readdirSync(join(tree.path, 'scripts'))
      .filter((name) => name.startsWith('Makefile'))
      .map((name) => `scripts/${name}`),
    ...own,
  ];
  const texts = all
    .map((file) => join(tree.path, file))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'));
  return digest(...texts);
}

/** kbuild's own command for each file. @throws InputError for a file that the configuration does not compile */
export async function compileCommands(
  build: Build,
  files: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const kept = join(dirname(build.path), 'commands.json');
  const now = makefiles(build, files);
  if (existsSync(kept)) {
    const known = JSON.parse(readFileSync(kept, 'utf8')) as KeptCommands;
    if (known.makefiles === now && files.every((file) => Object.hasOwn(known.commands, file)))
      return new Map(Object.entries(known.commands));
  }
  const commands = await askCommands(build, files);
  writeFileSync(kept, JSON.stringify({ makefiles: now, commands: Object.fromEntries(commands) }));
  return commands;
}

/** kbuild's own command for each file. @throws InputError for a file that the configuration does not compile */
async function askCommands(build: Build, files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const targets = files.map((file) => file.replace(/\.c$/, '.ll'));
  const { status, out, errors } = await make(build, '--dry-run', 'V=1', ...targets);
  const lines = out.split('\n');
  const commands = new Map<string, string>();
  for (const [i, file] of files.entries()) {
    const line = lines.find(
      (one) => one.includes(` -o ${targets[i]} `) && commandOf(one, file) !== undefined,
    );
    if (line === undefined) {
      const last = status === 0 ? `kbuild compiles no ${file}` : errors.trim().split('\n').at(-1);
      throw new InputError('mhp ir', file, last ?? 'make --dry-run failed');
    }
    commands.set(file, commandOf(line, file)!);
  }
  return commands;
}

/** The command of a file of the tree, with a file of the user's in its place. */
export const commandFor = (command: string, own: string): string =>
  `${command.slice(0, command.lastIndexOf(' ') + 1)}'${own.replaceAll("'", "'\\''")}'`;

const digest = (...texts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text).update('\0');
  return hash.digest('hex');
};

/** The options of a command for another output; the list of what it includes is not wanted. */
const towards = (command: string, more: string): string =>
  command
    .replace(/ -Wp,-MM?D,\S+/, '')
    .replace(/ -emit-llvm -S\b/, '')
    .replace(/ -fno-discard-value-names\b/, '')
    .replace(/ -o \S+(?= )/, ` ${more}`);

const shell = (build: Build, command: string) =>
  runProgram('sh', ['-c', command], {
    cwd: build.path,
    env: { ...process.env, PATH: `${build.programs}${delimiter}${process.env.PATH ?? ''}` },
  });

function failed(file: string, errors: string): InputError {
  const line = errors.split('\n').find((one) => one.includes('error:')) ?? errors.trim();
  return new InputError('mhp ir', file, `clang: ${line}`);
}

/**
 * One file as IR. It is compiled only if its text after the preprocessor, its options or the compiler differ from all
 * that the cache has.
 */
export async function compileFile(
  build: Build,
  file: string,
  command: string,
  { opt, version, major }: Toolchain,
  cache: string,
): Promise<{ readonly module: BundleModule; readonly cached: boolean }> {
  const own = `-fdebug-prefix-map=${build.tree.path}/=`;
  const preprocessed = await shell(build, towards(command, `${own} -E -o -`));
  if (preprocessed.status !== 0) throw failed(file, preprocessed.errors);
  const key = digest(version, command, IR_FLAGS.join(' '), passesOf(major), preprocessed.out);
  const kept = join(cache, `${key}.ll.br`);
  if (existsSync(kept))
    return { module: { file, text: brotliDecompressSync(readFileSync(kept)).toString() }, cached: true };
  const compiled = await shell(build, towards(command, `${own} ${IR_FLAGS.join(' ')} -emit-llvm -S -o -`));
  if (compiled.status !== 0) throw failed(file, compiled.errors);
  const optimised = await runProgram(opt, ['-S', `-passes=${passesOf(major)}`, '-o', '-'], {
    input: compiled.out,
  });
  if (optimised.status !== 0)
    throw new InputError('mhp ir', file, `opt: ${optimised.errors.trim().split('\n')[0]}`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(
    `${kept}.part`,
    brotliCompressSync(optimised.out, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  );
  renameSync(`${kept}.part`, kept);
  return { module: { file, text: optimised.out }, cached: false };
}
