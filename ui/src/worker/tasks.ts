import { checkEntry } from '../../../src/check/check-entry.ts';
import type { Told } from '../../../src/check/checked.ts';
import { type Entry, readEntry, type StepsEntry, type ThreadsEntry } from '../../../src/check/entry.ts';
import { expectedOf } from '../../../src/check/row.ts';
import { watched } from '../../../src/check/threads.ts';
import { parseProgramName, shapeOf, type Variation } from '../../../src/check/variation.ts';
import { InputError } from '../../../src/errors/input-error.ts';
import { isMemScenario } from '../../../src/memmap/scenarios/is-mem-scenario.ts';
import { findRelease } from '../../../src/releases/index.ts';
import type { RunData } from '../../../src/report/data/run-data.ts';
import type { StoryData } from '../../../src/report/data/story-data.ts';
import type { Story } from '../../../src/schedule/replay/replay.ts';
import { BadToken, decodeToken } from '../../../src/schedule/replay/token.ts';
import { explore } from '../../../src/schedule/search/exploration.ts';
import { loadMemmap, memText } from './memmap.ts';
import type { Answers, CatalogueCell, CheckAnswer, Kind, Request, Requests, Source } from './protocol.ts';

/** What the worker does for a request. It needs no browser: tests call it in Node. */

export interface Report {
  readonly progress: (text: string) => void;
  readonly part: (cell: CatalogueCell) => void;
}

type Doing = { readonly [K in Kind]: (request: Requests[K], report: Report) => Promise<Answers[K]> };

/** Milliseconds between two reports of progress. */
const PACE = 100;

/** A text that came with a link or a drop is no longer than this. */
const MOST_TEXT = 1_000_000;

const texts = async (): Promise<Readonly<Record<string, string>>> => (await import('virtual:texts')).default;

async function textOf({ file, text }: Source): Promise<string> {
  const own = await texts();
  const found = text ?? (Object.hasOwn(own, file) ? own[file] : undefined);
  if (found === undefined) throw new InputError(file, '', 'no such scenario comes with the lab');
  if (found.length > MOST_TEXT) throw new InputError(file, '', `is longer than ${MOST_TEXT} characters`);
  return found;
}

async function entryOf(source: Source): Promise<Entry> {
  const text = await textOf(source);
  if (isMemScenario(text)) await loadMemmap();
  return readEntry(text, source.file, { own: source.text !== undefined });
}

function searching(report: Report) {
  let last = 0;
  return {
    progress: ({ states, preemptions }: { readonly states: number; readonly preemptions: number }): void => {
      const now = performance.now();
      if (now - last < PACE) return;
      last = now;
      report.progress(`${states} states, ${preemptions} preemptions`);
    },
  };
}

/** A story as data; what tells it is loaded when there is one. */
async function storyOf(told: Told | null): Promise<StoryData | null> {
  return told?.kind === 'threads' ? dataOf(told.story, told.token) : null;
}

async function dataOf(story: Story, token: string): Promise<StoryData> {
  const { storyData } = await import('../../../src/report/data/story-data.ts');
  return storyData(story, token);
}

async function runOf(entry: StepsEntry, release: string, variation: Variation): Promise<RunData> {
  const { entryRun } = await import('../../../src/report/data/entry-run.ts');
  return entryRun(entry, release, variation);
}

async function answerOf(
  entry: Entry,
  release: string,
  variation: Variation,
  checked: ReturnType<typeof checkEntry>,
): Promise<CheckAnswer> {
  const { told } = checked;
  const run = entry.kind === 'steps' && told ? await runOf(entry, release, variation) : null;
  return {
    id: entry.id,
    title: entry.title,
    why: entry.why,
    release,
    verdict: checked.verdict,
    failure: checked.failure ? `${checked.failure.kind}: ${checked.failure.text}` : null,
    reason: checked.reason,
    states: checked.states,
    shape: shapeOf(entry, variation),
    story: await storyOf(told),
    run,
    text: told?.kind === 'memmap' ? memText(told.outcomes) : null,
  };
}

async function check(
  { source, release, geometry, layout }: Requests['check'],
  report: Report,
): Promise<CheckAnswer> {
  const entry = await entryOf(source);
  const variation: Variation = { ...(geometry ? { geometry } : {}), ...(layout ? { layout } : {}) };
  const name = release ?? entry.release;
  if (!findRelease(name)) await loadMemmap();
  const checked = checkEntry(entry, name, { variation, watch: searching(report) });
  return answerOf(entry, name, variation, checked);
}

async function token({ token }: Requests['token']): Promise<CheckAnswer> {
  const { program } = decodeToken(token);
  const parsed = parseProgramName(program);
  if (!parsed) return builtInToken(token, program);
  const file = Object.entries(await texts()).find(
    ([, text]) => /^id: *(\S+)/m.exec(text)?.[1] === parsed.id,
  )?.[0];
  if (file === undefined)
    throw new BadToken(
      `no scenario of the lab is called ${parsed.id.slice(0, 80)}: open its file in the editor`,
    );
  const entry = await entryOf({ file });
  const release = findRelease(parsed.release);
  if (entry.kind !== 'threads' || !release)
    throw new BadToken(
      `the token is of ${parsed.id} on ${parsed.release.slice(0, 80)}, which the lab does not have`,
    );
  const watching = watched(entry, release, parsed.variation);
  const exploration = explore({ ...watching.program, name: program }).only(...watching.monitors);
  const story = exploration.replay(token);
  const { violation } = story;
  return {
    ...headOf(entry, parsed.release, parsed.variation),
    verdict: violation ? 'found' : 'clean',
    failure: violation ? `${violation.kind}: ${violation.text}` : null,
    states: 0,
    story: await dataOf(story, token),
  };
}

const headOf = (entry: ThreadsEntry, release: string, variation: Variation) => ({
  id: entry.id,
  title: entry.title,
  why: entry.why,
  release,
  reason: null,
  shape: shapeOf(entry, variation),
  run: null,
  text: null,
});

async function builtInToken(token: string, program: string): Promise<CheckAnswer> {
  const { findProgram } = await import('../../../src/schedule/programs/built-in.ts');
  const story = findProgram(program).replay(token);
  const { violation } = story;
  return {
    id: program,
    title: '',
    why: null,
    release: '',
    verdict: violation ? 'found' : 'clean',
    failure: violation ? `${violation.kind}: ${violation.text}` : null,
    reason: null,
    states: 0,
    shape: { arch: '', page_size: 0, va_bits: null },
    story: await dataOf(story, token),
    run: null,
    text: null,
  };
}

async function run({ source, release }: Requests['run']): Promise<RunData> {
  const { runText } = await import('./run-text.ts');
  return runText(await textOf(source), source.file, release);
}

async function machine({ name, bytes }: Requests['machine']): Promise<RunData> {
  const { machineOfBytes } = await import('./dropped.ts');
  return machineOfBytes(name, bytes);
}

async function catalogue(
  { files }: Requests['catalogue'],
  report: Report,
): Promise<{ readonly cells: number }> {
  let cells = 0;
  for (const file of files) {
    const entry = await entryOf({ file });
    for (const release of [entry.release, ...entry.fixed]) {
      report.progress(`${entry.id} on ${release}`);
      const { verdict, failure, reason } = checkEntry(entry, release);
      const expected = expectedOf(entry, release);
      report.part({ id: entry.id, file, release, verdict, expected, text: failure?.text ?? reason ?? '' });
      cells++;
      // lets what was told reach the page
      await new Promise((done) => setTimeout(done));
    }
  }
  return { cells };
}

async function read({ text }: Requests['read']): Promise<Answers['read']> {
  if (text.length > MOST_TEXT)
    throw new InputError('the scenario', '', `is longer than ${MOST_TEXT} characters`);
  if (isMemScenario(text)) await loadMemmap();
  const { readAny } = await import('./run-text.ts');
  return readAny(text);
}

async function exploring({ program }: Requests['explore'], report: Report): Promise<Answers['explore']> {
  const { exploreProgram } = await import('./explore.ts');
  return exploreProgram(program, searching(report));
}

async function program({ code }: Requests['program'], report: Report): Promise<Answers['program']> {
  const { exploreCode } = await import('./own-program.ts');
  return exploreCode(code, searching(report));
}

async function design({ code, file }: Requests['design'], report: Report): Promise<CheckAnswer> {
  const { checkCode, stepsText } = await import('./design.ts');
  const entry = await entryOf({ file });
  const { checked, name } = await checkCode(code, entry, searching(report));
  if (checked.verdict === 'stopped')
    return {
      ...headOf(entry as ThreadsEntry, name, {}),
      verdict: 'stopped',
      failure: null,
      reason: checked.reason,
      states: 0,
      story: null,
    };
  const { told } = checked;
  return {
    ...headOf(entry as ThreadsEntry, name, {}),
    verdict: checked.verdict,
    failure: checked.failure ? `${checked.failure.kind}: ${checked.failure.text}` : null,
    reason: checked.reason,
    states: checked.states,
    story: await storyOf(told),
    text: told ? stepsText(told) : null,
  };
}

const DOING: Doing = { check, token, run, machine, catalogue, read, explore: exploring, program, design };

/** The answer to a request. Errors of the input are UserErrors. */
export const answerTo = <K extends Kind>(
  { kind, request }: Request<K>,
  report: Report,
): Promise<Answers[K]> => DOING[kind](request, report);
