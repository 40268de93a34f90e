import { thrownText } from '../../check/design/design-fault.ts';
import { UserError } from '../../errors/user-error.ts';
import * as explorer from '../../explorer.ts';
import * as mhp from '../../index.ts';
import { traceChrome } from '../../report/trace/chrome.ts';
import { findingReport } from '../../report/trace/explore.ts';
import { BadCheckpoint } from '../../schedule/replay/checkpoint.ts';
import { BadToken } from '../../schedule/replay/token.ts';
import type { Verdict } from '../../schedule/replay/verdict.ts';
import type { Progress } from '../../schedule/search/control.ts';
import { Exploration } from '../../schedule/search/exploration.ts';
import { replayed } from '../inputs/replayed.ts';
import { openSearch, progressText } from '../long-run.ts';
import { compileModule } from './module-body.ts';
import { Output } from './output.ts';
import type {
  Explored,
  ExploreProgram,
  FromProgram,
  ProgramAnswers,
  ProgramTask,
  ToProgram,
} from './program-tasks.ts';
import { surroundings } from './surroundings.ts';

// The process in which a program of the user's runs (program-process.ts): it has no files but those of mhp, no child
// processes and no workers. It gets one task.

const send = (message: FromProgram): void => {
  process.send?.(message);
};

const output = new Output(send);

type Body = (
  this: undefined,
  module: { exports: { default?: unknown } },
  exports: object,
  require: (name: string) => object,
) => void;

/** @throws whatever the module throws, and UserError if it is no program */
function load({ bundle }: ProgramTask): Exploration {
  const around = surroundings(output.print, 'a program');
  const body = compileModule<Body>(bundle.code, {
    filename: 'mhp-program.js',
    names: Object.keys(around),
    takes: 'module, exports, require',
    first: '',
  });
  const module: { exports: { default?: unknown } } = { exports: {} };
  body(Object.values(around)).call(undefined, module, module.exports, (name) =>
    name === 'mhp' ? mhp : explorer,
  );
  const asked = module.exports.default;
  if (!(asked instanceof Exploration))
    throw new UserError('its default export is not what explore() of mhp/explorer returns');
  return asked;
}

const stop = new AbortController();

function progress(): (p: Progress) => void {
  const began = performance.now();
  let told = 0;
  return (p) => {
    const seconds = (performance.now() - began) / 1000;
    if (seconds - told < 1) return;
    told = seconds;
    send({ progress: progressText(p, seconds) });
  };
}

async function explored(whole: Exploration, ask: ExploreProgram, file: string): Promise<Explored> {
  const { signal } = stop;
  const exploration = whole.bound(ask.bounds).watch({ signal, progress: progress() });
  let verdict: Verdict;
  let checkpoint: Uint8Array | undefined;
  if (ask.random) verdict = await exploration.random(ask.random).finish();
  else {
    const search = openSearch(exploration, ask.mode, ask.resume);
    verdict = await search.finish();
    checkpoint = ask.checkpoint && search.checkpoint(ask.checkpoint.note);
  }
  const told =
    verdict.verdict === 'violated' ? { story: whole.story(verdict), token: whole.token(verdict) } : undefined;
  const disagreements =
    ask.selfCheck && verdict.verdict !== 'undecided'
      ? await whole.watch({ signal }).selfCheck().finish()
      : undefined;
  return {
    report: findingReport({ program: whole.program, file, verdict, told, disagreements }),
    timeline: ask.timeline && told ? traceChrome(told.story) : null,
    checkpoint,
    interrupted: verdict.verdict === 'undecided' && verdict.bound === 'interrupted',
  };
}

async function perform(task: ProgramTask): Promise<ProgramAnswers[keyof ProgramAnswers]> {
  const exploration = load(task);
  const { ask, file } = task;
  if (ask.what === 'explore') return await explored(exploration, ask, file);
  const { program } = exploration;
  return replayed(ask.token, (name) => (name === program.name ? { exploration } : undefined), ask.format);
}

const isInput = (error: unknown): error is Error =>
  error instanceof BadCheckpoint || error instanceof BadToken;

async function answer(task: ProgramTask): Promise<FromProgram> {
  try {
    return { answer: await perform(task) };
  } catch (error) {
    if (isInput(error)) return { input: error.message };
    return { refused: error instanceof UserError ? error.message : thrownText(error) };
  }
}

process.on('message', (message: ToProgram) => {
  if ('ping' in message) send({ pong: true });
  else if ('stop' in message) stop.abort();
  else void answer(message.task).then(send);
});
process.on('disconnect', () => process.exit());
// the process that asks decides when the work ends
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
// a promise of a program that nobody waits for
process.on('unhandledRejection', () => {});
send({ pong: true });
