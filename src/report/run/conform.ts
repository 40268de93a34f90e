import type { Outcomes, Report, StepReport } from '../../conform/replay-recording.ts';
import { tableLines } from '../text/columns.ts';

const HEADER = ['STEP', 'COMPARED', 'AGREED', 'DIFFERS', 'BESIDE', 'PREDICTED', 'GIVEN', 'NOT COMPARED'];

/**
 * Columns: step, compared, agreed, differs, beside (differences that may follow from an operation that was not
 * performed), outcomes of operations that the model predicted and that it was given, the number of things not compared.
 */
export function conformText(report: Report): string {
  const columns = HEADER.map((name, i) => ({ name, right: i > 0 }));
  const rows = report.steps.map((step) => {
    const { differ, beside, not_compared } = countsOf([step]);
    return [
      step.dir,
      String(step.compared),
      String(step.compared - step.differences.length),
      String(differ),
      String(beside),
      String(step.outcomes.predicted),
      String(step.outcomes.given),
      String(not_compared),
    ];
  });
  const lines = [
    `${report.source}: kernel ${report.kernel}, model ${report.release}`,
    ...tableLines(columns, rows, true),
  ];
  for (const step of report.steps) lines.push(...details(step));
  lines.push(...reasons(report));
  lines.push(sumText(report.steps));
  return lines.map((line) => `${line}\n`).join('');
}

interface Counts {
  readonly compared: number;
  readonly differ: number;
  readonly beside: number;
  readonly not_compared: number;
  readonly outcomes: Outcomes;
}

function countsOf(steps: readonly StepReport[]): Counts {
  const sum = (of: (step: StepReport) => number): number => steps.reduce((all, step) => all + of(step), 0);
  const follows = ({ unperformed }: StepReport): boolean => unperformed.length === 0;
  return {
    compared: sum(({ compared }) => compared),
    differ: sum((step) => (follows(step) ? step.differences.length : 0)),
    beside: sum((step) => (follows(step) ? 0 : step.differences.length)),
    not_compared: sum(({ not_compared }) => not_compared.reduce((all, { times }) => all + times, 0)),
    outcomes: {
      predicted: sum(({ outcomes }) => outcomes.predicted),
      given: sum(({ outcomes }) => outcomes.given),
      refused: {
        predicted: sum(({ outcomes }) => outcomes.refused.predicted),
        given: sum(({ outcomes }) => outcomes.refused.given),
      },
    },
  };
}

/** The final line over several recordings. */
export function conformSumText(reports: readonly Report[]): string {
  const agree = reports.filter((report) => report.agrees).length;
  const steps = reports.flatMap((report) => report.steps);
  return `${reports.length} recordings, ${agree} agree: ${sumText(steps)}\n`;
}

function sumText(steps: readonly StepReport[]): string {
  const { compared, differ, beside, not_compared, outcomes } = countsOf(steps);
  const { predicted, given, refused } = outcomes;
  return [
    `${steps.length} steps, ${compared} comparisons, ${differ} differ`,
    ...(beside > 0 ? [`${beside} differ beside an operation that was not performed`] : []),
    `outcomes: ${predicted} predicted, ${given} given (refusals: ${refused.predicted} predicted, ${refused.given} given)`,
    `${not_compared} not compared`,
  ].join('; ');
}

function details(step: StepReport): string[] {
  const lines = step.given.map(({ what, during }) => `${step.dir}: given: ${what} during ${during}`);
  const [cause, ...more] = step.unperformed;
  const others = more.length > 0 ? ` and ${more.length} more` : '';
  const beside = cause === undefined ? '' : ` (beside "${cause}"${others})`;
  for (const { subject, what, recorded, model } of step.differences) {
    lines.push(
      `${step.dir}: ${subject}: ${what}: recorded ${JSON.stringify(recorded)}, model ${JSON.stringify(model)}${beside}`,
    );
  }
  return lines;
}

interface Reason {
  readonly times: number;
  readonly steps: readonly string[];
}

/** Every reason once, with how often it applied and its steps. */
function reasonsOf(report: Report): ReadonlyMap<string, Reason> {
  const reasons = new Map<string, Reason>();
  for (const { what, times } of report.not_compared) reasons.set(what, { times, steps: [] });
  for (const step of report.steps) {
    for (const { what, times } of step.not_compared) {
      const known = reasons.get(what) ?? { times: 0, steps: [] };
      reasons.set(what, { times: known.times + times, steps: [...known.steps, step.dir] });
    }
  }
  return reasons;
}

function reasons(report: Report): string[] {
  return [...reasonsOf(report)].map(([what, { times, steps }]) => {
    const list = steps.map((dir) => dir.split('-')[0]!).join(' ');
    const where =
      steps.length === report.steps.length ? 'all steps' : `step${steps.length === 1 ? '' : 's'} ${list}`;
    const often = times > steps.length ? `${times} times, ` : '';
    return `not compared: ${what}${steps.length === 0 ? '' : ` (${often}${where})`}`;
  });
}

export function conformJson(report: Report): unknown {
  const { compared, differ, beside, outcomes } = countsOf(report.steps);
  return {
    source: report.source,
    kernel: report.kernel,
    release: report.release,
    agrees: report.agrees,
    compared,
    differ,
    beside,
    outcomes,
    not_compared: [...reasonsOf(report)].map(([what, reason]) => ({ what, ...reason })),
    steps: report.steps.map((step) => ({
      step: step.dir,
      compared: step.compared,
      agreed: step.compared - step.differences.length,
      differs: step.differences,
      unperformed: step.unperformed,
      outcomes: step.outcomes,
      given: step.given,
      not_compared: step.not_compared,
    })),
  };
}
