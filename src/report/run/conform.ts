import type { Report, StepReport } from '../../conform/replay-recording.ts';
import { tableLines } from '../text/columns.ts';

/** Columns: step, compared, agreed, differs, not compared (with the reason). */
export function conformText(report: Report): string {
  const columns = ['STEP', 'COMPARED', 'AGREED', 'DIFFERS', 'NOT COMPARED'].map((name, i) => ({
    name,
    right: i >= 1 && i <= 3,
  }));
  const rows = report.steps.map((step) => [
    step.dir,
    String(step.compared),
    String(step.compared - step.differences.length),
    String(step.differences.length),
    String(step.not_compared.length),
  ]);
  const lines = [
    `${report.source}: kernel ${report.kernel}, model ${report.release}`,
    ...tableLines(columns, rows, true),
  ];
  for (const step of report.steps) lines.push(...details(step));
  lines.push(...reasons(report));
  lines.push(sumText(report.steps));
  return lines.map((line) => `${line}\n`).join('');
}

/** The final line over several recordings. */
export function conformSumText(reports: readonly Report[]): string {
  const agree = reports.filter((report) => report.agrees).length;
  const steps = reports.flatMap((report) => report.steps);
  return `${reports.length} recordings, ${agree} agree: ${sumText(steps)}\n`;
}

function sumText(steps: readonly StepReport[]): string {
  const compared = steps.reduce((sum, step) => sum + step.compared, 0);
  const differ = steps.reduce((sum, step) => sum + step.differences.length, 0);
  return `${steps.length} steps, ${compared} comparisons, ${differ} differ`;
}

function details(step: StepReport): string[] {
  const lines = step.inputs.map((input) => `${step.dir}: input: ${input}`);
  for (const { subject, what, recorded, model } of step.differences) {
    lines.push(
      `${step.dir}: ${subject}: ${what}: recorded ${JSON.stringify(recorded)}, model ${JSON.stringify(model)}`,
    );
  }
  return lines;
}

/** Every reason once, with its steps. */
function reasons(report: Report): string[] {
  const steps = new Map<string, string[]>();
  for (const step of report.steps) {
    for (const reason of step.not_compared) {
      steps.set(reason, [...(steps.get(reason) ?? []), step.dir.split('-')[0]!]);
    }
  }
  return [...steps].map(([reason, where]) => {
    const list = where.length === report.steps.length ? 'all steps' : `steps ${where.join(' ')}`;
    return `not compared: ${reason} (${where.length === 1 ? `step ${where[0]}` : list})`;
  });
}

export function conformJson(report: Report): unknown {
  return {
    source: report.source,
    kernel: report.kernel,
    release: report.release,
    agrees: report.agrees,
    steps: report.steps.map((step) => ({
      step: step.dir,
      compared: step.compared,
      agreed: step.compared - step.differences.length,
      differs: step.differences,
      not_compared: step.not_compared,
      inputs: step.inputs,
    })),
  };
}
