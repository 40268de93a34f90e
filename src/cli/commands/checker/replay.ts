import { type Command, Option } from 'commander';
import { InputError } from '../../../errors/input-error.ts';
import { checkOutputs, saveWhole } from '../../files/output.ts';
import { programFinder } from '../../inputs/find-program.ts';
import { isModule } from '../../inputs/program-file.ts';
import { type Replayed, type ReplayFormat, replayed } from '../../inputs/replayed.ts';
import { interruptible } from '../../stop.ts';

interface Flags {
  readonly source?: string;
  readonly tree?: string;
  readonly design?: readonly string[];
  readonly json?: boolean;
  readonly chrome?: boolean;
  readonly steps?: boolean;
  readonly html?: string;
}

/** A token of a program of the user's. */
async function replayModule(token: string, file: string, format: ReplayFormat): Promise<Replayed> {
  const { readProgram, runProgram } = await import('../../confined/program-process.ts');
  const bundle = await readProgram(file);
  const ask = { what: 'replay', token, format } as const;
  return interruptible((stop) =>
    runProgram({ bundle, file, ask }, { memory: REPLAY_MEMORY, input: null, stop }),
  );
}
/** Bytes that a program may use to run one execution. */
const REPLAY_MEMORY = 2 ** 30;

/** mhp replay TOKEN */
export function define(command: Command): void {
  command
    .argument('<token>', 'a token that mhp explore or mhp check has printed')
    .argument(
      '[scenario]',
      'the file of a scenario that is neither in the catalogue nor below this folder, or of a program',
    )
    .option(
      '--design <file>',
      'the design that the token is of; repeated for a series of designs',
      (file, all: readonly string[] = []) => [...all, file],
    )
    .addOption(new Option('--source <bundle>', 'the bundle whose C the token is of').conflicts(['design']))
    .option('--tree <dir>', 'with --source: show the lines of C, from the tree of the bundle')
    .option('--steps', 'print every step, also of kernel code')
    .option('--json', 'print the steps as JSON')
    .option('--chrome', 'print a Chrome trace-event file, which Perfetto opens')
    .option('--html <file>', 'write the story as a page that stands alone')
    .addHelpText('after', '\nExit status: 0 nothing went wrong, 1 a violation or divergence, 2 a bad token.')
    .action(async (token: string, file: string | undefined, options: Flags) => {
      const format = (['json', 'chrome', 'steps'] as const).find((one) => options[one]) ?? 'text';
      checkOutputs([options.html]);
      const { out, error, code } = await replayOf(token, file, options, format);
      process.exitCode = code;
      process.stdout.write(out);
      process.stderr.write(error);
      if (options.html !== undefined && error === '')
        saveWhole(options.html, (await replayOf(token, file, options, 'html')).out);
    });
}

async function replayOf(
  token: string,
  file: string | undefined,
  { design: designs, source, tree }: Flags,
  format: ReplayFormat,
): Promise<Replayed> {
  if (source !== undefined) {
    const { sourceFinder } = await import('../../inputs/source-finder.ts');
    return replayed(token, sourceFinder(file, source, tree), format);
  }
  if (tree !== undefined) throw new InputError('--tree', '', 'goes with --source');
  if (designs === undefined && file !== undefined && isModule(file)) return replayModule(token, file, format);
  if (designs === undefined) return replayed(token, programFinder(file), format);
  const { replayOnDesigns } = await import('./replay-design.ts');
  return replayOnDesigns(token, file, designs, format);
}
