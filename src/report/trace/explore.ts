import type { Program } from '../../schedule/program/program.ts';
import type { Story } from '../../schedule/replay/replay.ts';
import type { Bound, Stats, Undecided, Verdict } from '../../schedule/replay/verdict.ts';
import type { Disagreement } from '../../schedule/search/selfcheck.ts';
import { traceJson } from './json.ts';
import { traceText } from './text.ts';

/** The result of exploring one program. */
export interface Finding {
  readonly program: Program;
  /** The module of a program that is not built in. */
  readonly file: string | undefined;
  readonly verdict: Verdict;
  /** The counterexample and its token, if there is one. */
  readonly told: { readonly story: Story; readonly token: string } | undefined;
  /** Disagreements between the ways to explore it; undefined if they were not compared. */
  readonly disagreements: readonly Disagreement[] | 'interrupted' | undefined;
}

/** A finding as it is printed: plain data. */
export interface Report {
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
  /** 1 for a violation or a disagreement, 3 if the verdict is undecided or a comparison was interrupted, else 0. */
  readonly status: 0 | 1 | 3;
}

export const findingReport = (finding: Finding): Report => ({
  text: exploreText(finding),
  json: findingJson(finding),
  status: statusOf(finding),
});

function statusOf({ verdict, disagreements }: Finding): 0 | 1 | 3 {
  if (verdict.verdict === 'violated') return 1;
  if (disagreements !== undefined && disagreements !== 'interrupted' && disagreements.length > 0) return 1;
  const open = verdict.verdict === 'undecided' && !foundNothing(verdict);
  return disagreements === 'interrupted' || open ? 3 : 0;
}

/** Whether random runs were all made and found nothing: this is neither a verdict nor a failure. */
function foundNothing(verdict: Verdict): boolean {
  return verdict.verdict === 'undecided' && verdict.stats.mode === 'random' && verdict.bound === 'executions';
}

const count = (n: number, what: string) => `${n} ${n === 1 ? what : `${what}s`}`;

/** A verdict as text: its kind and bounds, the states or executions seen, the story and how to repeat it. */
function exploreText({ program, file, verdict, told, disagreements }: Finding): string {
  const lines = [`${program.name}: ${headline(verdict)}`];
  if (verdict.verdict === 'violated') {
    // In mode states only a bound or a signal prevents the shortest story from being found.
    const again =
      verdict.stats.mode === 'states' ? '; without the bound or signal it is the shortest one' : '';
    const shortest = verdict.shortest ? 'the shortest story' : `perhaps not the shortest story${again}`;
    lines.push(`${count(verdict.steps, 'step')}, ${count(verdict.preemptions, 'preemption')}: ${shortest}`);
  }
  lines.push(countsText(verdict.stats));
  if (verdict.verdict === 'undecided' && verdict.chance !== undefined && verdict.chance.runs > 0) {
    const { depth, perRun, runs } = verdict.chance;
    lines.push(
      `a bug of depth ${depth} that shows within ${count(verdict.stats.steps, 'step')} is found by one run ` +
        `with probability at least ${percent(perRun)}, by ${count(runs, 'run')} with at least ${percent(anyRun(verdict.chance))}`,
    );
  }
  if (disagreements !== undefined) lines.push(...checkText(disagreements));
  if (told !== undefined)
    lines.push(
      '',
      `${traceText(told.story)}\nmhp replay ${told.token}${file === undefined ? '' : ` ${file}`}`,
    );
  return `${lines.join('\n')}\n`;
}

function headline(verdict: Verdict): string {
  if (verdict.verdict === 'violated') return `violated, ${verdict.violation.monitor}`;
  if (verdict.verdict === 'proved') {
    const { within } = verdict;
    return within.length === 0
      ? 'proved'
      : `proved within the ${within.length === 1 ? 'bound' : 'bounds'} on ${within.join(' and ')}`;
  }
  if (foundNothing(verdict)) return 'nothing found';
  return `undecided, ${stopText(verdict.bound)}`;
}

function stopText(bound: Bound): string {
  return bound === 'interrupted' ? bound : `stopped by the bound on ${bound}`;
}

function countsText(s: Stats): string {
  if (s.mode === 'random') {
    return `mode random: ${count(s.executions, 'run')}, ${count(s.transitions, 'step')}, the longest run ${s.steps}`;
  }
  const size = s.mode === 'states' ? count(s.states, 'state') : count(s.executions, 'execution');
  const depth = s.mode === 'states' ? `, up to ${count(s.preemptions, 'preemption')}` : '';
  return `mode ${s.mode}: ${size}, ${count(s.transitions, 'transition')}${depth}, up to ${count(s.steps, 'step')}`;
}

function checkText(disagreements: readonly Disagreement[] | 'interrupted'): string[] {
  if (disagreements === 'interrupted') return ['self-check: interrupted'];
  if (disagreements.length === 0) return ['self-check: states, plain states and traces agree'];
  return disagreements.map(({ between, what, onlyFirst, onlySecond }) => {
    const sides = [`${onlyFirst.length} only in ${between[0]}`, `${onlySecond.length} only in ${between[1]}`];
    return `self-check: ${between.join(' and ')} disagree on ${what}: ${sides.join(', ')}`;
  });
}

/** The probability that at least one of independent runs finds it. */
function anyRun({ perRun, runs }: { readonly perRun: number; readonly runs: number }): number {
  if (perRun >= 1) return 1;
  return Math.min(1 - 2 ** -53, -Math.expm1(runs * Math.log1p(-perRun)));
}

/** Rounded down to three digits, because it is a lower bound. */
function percent(p: number): string {
  if (p <= 0 || p >= 1) return p <= 0 ? '0 %' : '100 %';
  const unit = 10 ** (Math.floor(Math.log10(p * 100)) - 2);
  return `${Number((Math.floor((p * 100) / unit) * unit).toPrecision(3))} %`;
}

/** Reports as plain data. */
export const exploreJson = (reports: readonly Report[]): Record<string, unknown> => ({
  schema: 'mhp-explore/1',
  results: reports.map(({ json }) => json),
});

function findingJson({ program, verdict, told, disagreements }: Finding): Record<string, unknown> {
  const { stats } = verdict;
  return {
    program: program.name,
    mode: stats.mode,
    verdict: verdict.verdict,
    ...(verdict.verdict === 'proved' ? { within: verdict.within } : {}),
    ...(verdict.verdict === 'undecided' ? { bound: verdict.bound, chance: chanceJson(verdict) } : {}),
    ...(verdict.verdict === 'violated'
      ? {
          violation: verdict.violation,
          preemptions: verdict.preemptions,
          steps: verdict.steps,
          shortest: verdict.shortest,
        }
      : {}),
    stats: {
      states: stats.states,
      executions: stats.executions,
      transitions: stats.transitions,
      preemptions: stats.preemptions,
      steps: stats.steps,
      bytes: stats.bytes,
    },
    ...(told === undefined ? {} : { token: told.token, story: storyJson(told.story, told.token) }),
    ...(disagreements === undefined
      ? {}
      : {
          self_check:
            disagreements === 'interrupted'
              ? null
              : disagreements.map((d) => ({
                  between: d.between,
                  what: d.what,
                  only_first: d.onlyFirst,
                  only_second: d.onlySecond,
                })),
        }),
  };
}

function chanceJson({ chance }: Undecided): Record<string, number> | null {
  if (chance === undefined || chance.runs === 0) return null;
  const { depth, perRun, runs } = chance;
  return { depth, per_run: perRun, runs, any_run: anyRun(chance) };
}

/** A story in the form of `mhp replay --json`, with the keys of steps in snake_case. */
function storyJson(story: Story, token: string): Record<string, unknown> {
  const json = traceJson(story, token);
  const steps = json.steps as readonly { readonly step: Readonly<Record<string, unknown>> | null }[];
  const snake = (key: string) => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  const keyed = (step: Readonly<Record<string, unknown>> | null) =>
    step && Object.fromEntries(Object.entries(step).map(([key, value]) => [snake(key), value]));
  return { ...json, steps: steps.map((s) => ({ ...s, step: keyed(s.step) })) };
}
