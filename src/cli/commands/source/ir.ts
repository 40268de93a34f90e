import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, parse, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { InputError } from '../../../errors/input-error.ts';
import { plural } from '../../../report/answers/words.ts';
import {
  type Bundle,
  type BundleModule,
  isBefore,
  readCapabilities,
  readConfig,
  readFeatures,
} from '../../../source/bundle.ts';
import { MMU, ONLY_BEFORE, ONLY_WITH } from '../../../source/functions.ts';
import { functionsOf } from '../../../source/functions-of.ts';
import { INIT_64 } from '../../../source/functions-x86.ts';
import { replacedFunctions } from '../../../source/replaced.ts';
import { checkInput, checkOutput } from '../../files/output.ts';
import { type Build, copyBuild, prepareBuild } from '../../kbuild/build.ts';
import { locked } from '../../kbuild/build-lock.ts';
import { saveBundle } from '../../kbuild/bundle-file.ts';
import { commandFor, compileCommands, compileFile } from '../../kbuild/compile.ts';
import { patchedTree } from '../../kbuild/patched.ts';
import { readSeries, type SeriesPatch } from '../../kbuild/series.ts';
import { checkPrograms, findToolchain, linkPrograms, type Toolchain } from '../../kbuild/toolchain.ts';
import { type KernelTree, kernelTree } from '../../kbuild/tree.ts';

interface Flags {
  readonly source: string;
  readonly config?: string;
  readonly build?: string;
  readonly patch?: readonly string[];
  readonly replace?: readonly string[];
  readonly arch: 'arm64' | 'x86_64';
  readonly out?: string;
}

/** Defines `mhp ir`: the C of a kernel tree as LLVM IR, for mhp compare and mhp check --source. */
export function define(command: Command): void {
  command
    .requiredOption('--source <dir>', 'the top of a kernel tree; nothing is written there')
    .option(
      '--config <file>',
      'its .config (default: the defconfig of the architecture, with memory hotplug)',
    )
    .addOption(
      new Option(
        '--build <dir>',
        'a build of this tree that is configured and prepared; it is copied',
      ).conflicts('config'),
    )
    .addOption(
      new Option(
        '--patch <mbox...>',
        'apply these patches, in this order, to a copy of the tree: mailboxes of a list or of git format-patch, or diffs',
      ).conflicts('build'),
    )
    .option(
      '--replace <c-files...>',
      "C of your own, compiled as arch/arm64/mm/mmu.c or arch/x86/mm/init_64.c is: its functions stand in place of the tree's",
    )
    .addOption(new Option('--arch <arch>', 'the architecture').choices(['arm64', 'x86_64']).default('arm64'))
    .option(
      '-o, --out <file>',
      'the bundle (default: linux-VERSION-ARCH.ir, with --patch linux-VERSION-NAME-ARCH.ir)',
    )
    .addHelpText(
      'after',
      '\nA bundle holds code derived from the kernel: it is for the machine that made it.\nWhat was prepared and compiled is kept in $XDG_CACHE_HOME/mhp (~/.cache/mhp); a run that was stopped goes on there.\nExit status: 0 the bundle is written, 2 bad usage or input, or a program is missing.',
    )
    .action(async (flags: Flags) => {
      await run(flags);
    });
}

const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mhp');

const tell = (text: string): void => {
  process.stderr.write(`mhp ir: ${text}\n`);
};

async function run(flags: Flags): Promise<void> {
  const given = kernelTree(flags.source);
  const out = flags.out ?? `linux-${[given.version, ...namesOf(flags), flags.arch].join('-')}.ir`;
  checkOutput(out);
  const config = flags.config === undefined ? null : readConfiguration(flags.config);
  const replacing = flags.replace ?? [];
  for (const own of replacing) checkInput(own);
  const twice = replacing.find((own, i) => replacing.indexOf(own) !== i);
  if (twice !== undefined) throw new InputError('--replace', twice, 'given twice');
  const series: SeriesPatch[] = [];
  for (const file of flags.patch ?? []) series.push(...(await readSeries(file)));
  const toolchain = findToolchain();
  checkPrograms(toolchain, flags.build === undefined);
  const tree =
    series.length > 0 ? await patchedTree(given, series, join(cacheFolder(), 'patched'), tell) : given;
  const build = await preparedBuild(flags, tree, config, toolchain);
  const options = readConfig(readFileSync(join(build.path, '.config'), 'utf8'));
  // some functions lie in files that only newer trees have
  const files = [
    ...new Set(Object.values(functionsOf(flags.arch)).flatMap(({ files: of }) => [...of])),
  ].filter(
    (file) =>
      existsSync(join(tree.path, file)) &&
      (!ONLY_WITH[file] || options[ONLY_WITH[file]] !== undefined) &&
      (!ONLY_BEFORE[file] || isBefore(tree, ...ONLY_BEFORE[file])),
  );
  const commands = await compileCommands(build, files);
  const modules: BundleModule[] = [];
  for (const [i, file] of files.entries()) {
    const began = performance.now();
    const { module, cached } = await compileFile(
      build,
      file,
      commands.get(file)!,
      toolchain,
      join(cacheFolder(), 'files'),
    );
    const took = cached ? 'as before' : `${((performance.now() - began) / 1000).toFixed(1)} s`;
    tell(`${i + 1}/${files.length} ${file}: ${took}`);
    modules.push(module);
  }
  const ofTree = [...modules];
  for (const own of replacing) {
    const command = commandFor(commands.get(flags.arch === 'arm64' ? MMU : INIT_64)!, resolve(own));
    const { module } = await compileFile(
      build,
      basename(own),
      command,
      toolchain,
      join(cacheFolder(), 'files'),
    );
    const replaced = replacedFunctions(module, ofTree);
    if (replaced.length === 0)
      throw new InputError(
        '--replace',
        own,
        'defines no function that the compiled files of the tree have or call',
      );
    const names = replaced.map(
      ({ name, alike }) => `${name}()${alike ? '' : ' (with other parameters or another result)'}`,
    );
    tell(`${own}: in place of the tree's ${names.join(', ')}`);
    modules.push({ ...module, replaces: true });
  }
  saveBundle(out, bundleOf(build, toolchain, modules));
  const patches = series.length > 0 ? `, ${plural(series.length, 'patch', 'patches')}` : '';
  tell(`${out}: ${tree.version}, ${files.length} files${patches}`);
}

/** "v3_fix" of "mails/v3_fix.mbox", for the bundle's name. */
const namesOf = ({ patch = [] }: Flags): string[] => patch.slice(0, 1).map((file) => parse(file).name);

function readConfiguration(path: string): string {
  checkInput(path);
  const text = readFileSync(path, 'utf8');
  if (readConfig(text).MEMORY_HOTPLUG !== 'y')
    throw new InputError('--config', path, 'is no .config with CONFIG_MEMORY_HOTPLUG=y');
  return text;
}

/** A build of its own for each tree, configuration and compiler. */
async function preparedBuild(
  { arch, build: from }: Flags,
  tree: KernelTree,
  config: string | null,
  toolchain: Toolchain,
): Promise<Build> {
  const wanted = from === undefined ? config : readConfigOf(from);
  const key = createHash('sha256')
    .update(JSON.stringify([tree.path, tree.version, arch, wanted, toolchain.version, from ?? '']))
    .digest('hex')
    .slice(0, 16);
  const folder = join(cacheFolder(), 'builds', key);
  const build = { tree, arch, path: join(folder, 'build'), programs: join(folder, 'llvm') };
  await locked(folder, async () => {
    linkPrograms(toolchain, build.programs);
    if (from === undefined) await prepareBuild(build, config, tell);
    else copyBuild(build, from);
  });
  return build;
}

function readConfigOf(build: string): string {
  const file = join(build, '.config');
  if (!existsSync(file)) throw new InputError('--build', '', `${build} has no .config`);
  return readFileSync(file, 'utf8');
}

function capabilitiesOf(build: Build): Record<string, number> {
  if (build.arch === 'x86_64')
    return readFeatures(readFileSync(join(build.tree.path, 'arch/x86/include/asm/cpufeatures.h'), 'utf8'));
  const file = [
    // since v6.6, since v5.13, before
    join(build.path, 'arch', build.arch, 'include/generated/asm/cpucap-defs.h'),
    join(build.path, 'arch', build.arch, 'include/generated/asm/cpucaps.h'),
    join(build.tree.path, 'arch', build.arch, 'include/asm/cpucaps.h'),
  ].find((one) => existsSync(one));
  return file ? readCapabilities(readFileSync(file, 'utf8')) : {};
}

function bundleOf(build: Build, toolchain: Toolchain, modules: readonly BundleModule[]): Bundle {
  const config = readConfig(readFileSync(join(build.path, '.config'), 'utf8'));
  const hash = createHash('sha256')
    .update(JSON.stringify([config, modules]))
    .digest('hex');
  return {
    format: 'mhp-ir 1',
    arch: build.arch,
    version: build.tree.version,
    compiler: toolchain.version,
    hash,
    config,
    capabilities: capabilitiesOf(build),
    modules,
  };
}
