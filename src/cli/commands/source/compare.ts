import { type Command, Option } from 'commander';
import { compareText } from '../../../report/compare/compare-text.ts';
import { type CompareResult, compareRandom } from '../../../source/compare/compare.ts';
import { bootFor, geometryOf } from '../../../source/compare/machine.ts';
import { SourceProgram } from '../../../source/program.ts';
import { loadBundle } from '../../kbuild/bundle-file.ts';
import { whole } from '../../option-values.ts';
import { progress } from '../../progress.ts';

interface Flags {
  readonly source: string;
  readonly operations: number;
  readonly seed: number;
  readonly most: number;
  readonly bootOptions: string;
  readonly json?: boolean;
}

/** Defines `mhp compare`: the model's functions against the kernel's own C, access by access. */
export function define(command: Command): void {
  command
    .requiredOption('--source <bundle>', 'the C to compare with: a bundle of mhp ir')
    .addOption(new Option('--operations <n>', 'random operations').argParser(whole(1)).default(1000))
    .addOption(new Option('--seed <n>', 'of the random numbers').argParser(whole(0)).default(1))
    .addOption(new Option('--most <n>', 'stop after so many disagreements').argParser(whole(1)).default(10))
    .option('--boot-options <options>', 'options of the kernel: rodata=off maps by blocks', '')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExit status: 0 all operations agree, 1 some do not, 2 bad usage or input, or the C came to something that is not in the boundary.',
    )
    .action((flags: Flags) => {
      const bundle = loadBundle(flags.source);
      const step = progress(flags.operations);
      const result = compareRandom(bootFor(bundle, flags.bootOptions), new SourceProgram(bundle), {
        operations: flags.operations,
        seed: flags.seed,
        most: flags.most,
        progress: (done) => step(`operation ${done}`),
      });
      process.stdout.write(
        flags.json ? json(result) : compareText(result, { version: bundle.version, ...geometryOf(bundle) }),
      );
      process.exitCode = result.disagreements.length > 0 ? 1 : 0;
    });
}

const json = (result: CompareResult): string =>
  `${JSON.stringify({ schema: 'mhp-compare/1', ...result }, null, 2)}\n`;
