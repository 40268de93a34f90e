import type { Command } from 'commander';
import { quote } from '../machines/input-error.ts';
import { traceChrome } from '../report/trace-chrome.ts';
import { traceJson } from '../report/trace-json.ts';
import { traceText } from '../report/trace-text.ts';
import type { Monitor } from '../schedule/monitor.ts';
import type { Program } from '../schedule/program.ts';
import { ReplayDiverged } from '../schedule/replay.ts';
import { BadToken, decodeToken, replayToken } from '../schedule/token.ts';

/** A program by the name a token has for it, with the monitors that watched it. */
export type FindProgram = (
  name: string,
) => { readonly program: Program; readonly monitors: readonly Monitor[] } | undefined;

/** Replay a token; what to print, and the exit code: 0 nothing wrong, 1 a violation or divergence, 2 a bad token. */
export function replayCommand(
  token: string,
  find: FindProgram,
  format: 'text' | 'json' | 'chrome',
): { readonly out: string; readonly error: string; readonly code: number } {
  try {
    const recorded = decodeToken(token);
    const found = find(recorded.program);
    if (found === undefined)
      throw new BadToken(`no program is called ${quote(recorded.program).slice(1, -1)}`);
    const story = replayToken(found.program, recorded, found.monitors);
    const out =
      format === 'text'
        ? traceText(story)
        : `${JSON.stringify(format === 'json' ? traceJson(story, token) : traceChrome(story), null, 2)}\n`;
    return { out, error: '', code: story.violation === undefined ? 0 : 1 };
  } catch (e) {
    if (e instanceof BadToken) return { out: '', error: `mhp: ${e.name}: ${e.message}\n`, code: 2 };
    if (e instanceof ReplayDiverged) return { out: '', error: `mhp: ${e.name}: ${e.message}\n`, code: 1 };
    throw e;
  }
}

/** mhp replay TOKEN */
export function register(program: Command, find: FindProgram): void {
  program
    .command('replay')
    .description('run one execution again from its token, without searching')
    .argument('<token>', 'as mhp explore prints it')
    .option('--json', 'print the steps as JSON')
    .option('--chrome', 'print a Chrome trace-event file, which Perfetto opens')
    .addHelpText('after', '\nExit status: 0 nothing wrong, 1 a violation or divergence, 2 a bad token.')
    .action((token: string, options: { json?: boolean; chrome?: boolean }) => {
      const format = options.json ? 'json' : options.chrome ? 'chrome' : 'text';
      const { out, error, code } = replayCommand(token, find, format);
      process.exitCode = code;
      process.stdout.write(out);
      process.stderr.write(error);
    });
}
