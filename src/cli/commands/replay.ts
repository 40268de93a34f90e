import type { Command } from 'commander';
import { quote } from '../../errors/input-error.ts';
import { tellingOf } from '../../report/story/telling.ts';
import { storyText } from '../../report/story/text.ts';
import { traceChrome } from '../../report/trace/chrome.ts';
import { traceJson } from '../../report/trace/json.ts';
import { traceText } from '../../report/trace/text.ts';
import { ReplayDiverged, type Story } from '../../schedule/replay/replay.ts';
import { BadToken, decodeToken } from '../../schedule/replay/token.ts';
import { type FindProgram, programFinder } from '../inputs/find-program.ts';
import { isModule, loadProgram, readProgram } from '../inputs/program-file.ts';

const PART_OF_SEVERAL =
  'The failure shows only in several executions together; this is the last of them. mhp check tells the story.\n';

type Format = 'text' | 'steps' | 'json' | 'chrome';

interface Flags {
  readonly json?: boolean;
  readonly chrome?: boolean;
  readonly steps?: boolean;
}

/**
 * Replays a token; returns the output, and the exit code: 0 for no failure, 1 for a violation or divergence. @throws
 * BadToken
 */
export function replayCommand(
  token: string,
  find: FindProgram,
  format: Format,
): { readonly out: string; readonly error: string; readonly code: number } {
  try {
    const recorded = decodeToken(token);
    const found = find(recorded.program);
    if (found === undefined)
      throw new BadToken(`no program is called ${quote(recorded.program).slice(1, -1)}`);
    const { exploration, named } = found;
    const lookedFor = named && exploration.only(named).replay(token);
    const story = lookedFor?.violation ? lookedFor : exploration.replay(token);
    const alone = !story.violation && named?.memory && format === 'text';
    const out = printed(story, token, format) + (alone ? PART_OF_SEVERAL : '');
    return { out, error: '', code: story.violation === undefined ? 0 : 1 };
  } catch (e) {
    if (e instanceof ReplayDiverged) return { out: '', error: `mhp: ${e.name}: ${e.message}\n`, code: 1 };
    throw e;
  }
}

function printed(story: Story, token: string, format: Format): string {
  if (format === 'text') return storyText(story);
  const telling = tellingOf(story);
  if (format === 'steps') return traceText(story, telling);
  const json = format === 'json' ? traceJson(story, token, telling) : traceChrome(story, telling);
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** Where to find the program of a token. */
async function findIn(file: string | undefined): Promise<FindProgram> {
  if (file === undefined || !isModule(file)) return programFinder(file);
  const exploration = await loadProgram(await readProgram(file));
  return (name) => (name === exploration.program.name ? { exploration } : undefined);
}

/** mhp replay TOKEN */
export function define(command: Command): void {
  command
    .argument('<token>', 'a token that mhp explore or mhp check has printed')
    .argument('[scenario]', 'the file of a scenario that is not in the catalogue, or of a program')
    .option('--steps', 'print every step, also of kernel code')
    .option('--json', 'print the steps as JSON')
    .option('--chrome', 'print a Chrome trace-event file, which Perfetto opens')
    .addHelpText('after', '\nExit status: 0 nothing went wrong, 1 a violation or divergence, 2 a bad token.')
    .action(async (token: string, file: string | undefined, options: Flags) => {
      const format = (['json', 'chrome', 'steps'] as const).find((one) => options[one]) ?? 'text';
      const { out, error, code } = replayCommand(token, await findIn(file), format);
      process.exitCode = code;
      process.stdout.write(out);
      process.stderr.write(error);
    });
}
