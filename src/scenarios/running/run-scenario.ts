import { BadOperation } from '../../errors/bad-operation.ts';
import { violations } from '../../monitors/hotplug/index.ts';
import { changedLines, notRestored, observable } from '../../monitors/hotplug/restore.ts';
import { eventFailures } from '../../schedule/event-failures.ts';
import { type Failure, failureKey } from '../../steps/failure.ts';
import type { Scenario } from '../format/read.ts';
import { kindOf } from '../format/step-schema.ts';
import { type Holder, holders } from '../pages/holders.ts';
import { unexpected } from '../steps/common/unexpected.ts';
import { operationsOf } from './perform.ts';
import { type Result, returned } from './result.ts';
import type { Session } from './session.ts';
import { changes, summarize, tableChanges } from './summary.ts';

export interface StepOutcome {
  readonly index: number;
  /** The operation as a person would write it. */
  readonly operation: string;
  /** "success", an errno, or BUG; for several blocks the first that is not success. */
  readonly result: string;
  /** The kernel's return value if there is one. */
  readonly ret: number | null;
  readonly ost: readonly number[] | null;
  /** Kernel messages, in order. */
  readonly messages: readonly string[];
  /** The level of each message, 0 emerg … 7 debug; null for a BUG, a warning or a report on locks. */
  readonly levels: readonly (number | null)[];
  readonly changes: readonly string[];
  /** Table pages that the kernel allocated from and freed to the page allocator, by level. */
  readonly tables: ReturnType<typeof tableChanges>;
  readonly failures: readonly Failure[];
  /** What has kept memory from going offline, if that was refused. */
  readonly holders: readonly Holder[];
  /** A command that shows the machine after this step. */
  readonly show: string;
  /** Whether the result is not the one expected. */
  readonly unexpected: boolean;
  /** Steps of kernel code performed. */
  readonly steps: number;
}

/**
 * The invariant "a failed operation restores the state" is not checked for steps on more blocks than this: a check
 * costs time in proportion to the machine's size.
 */
const RESTORE_LIMIT = 64;

/** The BUGs, warnings, lock misuse and endless loops of one call. */
function failuresOf(result: Result): Failure[] {
  const failures: Failure[] = eventFailures(result.events);
  for (const where of result.signalled)
    failures.push({
      kind: 'hang',
      subjects: { function: where },
      text: `${where} loops until a signal ends it`,
    });
  return failures;
}

/** An event as a line: what is printed, or where the kernel warned or died. */
export const messageOf = (event: Result['events'][number]): string => {
  if (event.kind === 'printk' || event.kind === 'lock') return event.text;
  return `${event.kind === 'bug' ? 'kernel BUG' : 'WARNING'} at ${event.where}${event.text ? `: ${event.text}` : ''}`;
};

const resultText = (result: Result): string =>
  result.ended === 'bug' ? 'BUG' : result.ended === 'deadlock' ? 'deadlock' : (result.errno ?? 'success');

/** The expectations that any kind of step may have of its result. */
type Expected = Readonly<Record<string, unknown>> & {
  readonly expect?: string | undefined;
  readonly message?: string | undefined;
  readonly warning?: string | undefined;
};

/** The failures without the warning that the step expects; a missing warning is a failure itself. */
function withoutExpected({ warning }: Expected, failures: readonly Failure[]): Failure[] {
  if (warning === undefined) return [...failures];
  const others = failures.filter(({ kind, text }) => kind !== 'warn' || !text.includes(warning));
  if (others.length < failures.length) return others;
  const missing = `no warning says ${JSON.stringify(warning)}`;
  return [...others, unexpected('warning', { message: warning }, missing)];
}

/** The failures of a step. `misread`: what the step's kind found wrong. */
function judge(
  expected: Expected,
  result: string,
  messages: readonly string[],
  misread: readonly Failure[],
): Failure[] {
  const wrong: Failure[] = [];
  const want = expected.expect ?? 'success';
  if (want !== 'any' && want !== result)
    wrong.push(
      unexpected('result', { found: result, expected: want }, `result is ${result}, expected ${want}`),
    );
  wrong.push(...misread);
  const { message } = expected;
  if (message !== undefined && !messages.some((text) => text.includes(message))) {
    wrong.push(unexpected('message', { message }, `no message says ${JSON.stringify(message)}`));
  }
  return wrong;
}

/** Runs a function for a step. If an operation cannot be performed as written, the error names the step's place. */
function placed({ file, lines }: Scenario, index: number): <T>(run: () => T) => T {
  return (run) => {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof BadOperation)) throw error;
      const line = lines[index] === undefined ? '' : `line ${lines[index]} `;
      throw new BadOperation(`${file}: ${line}steps[${index}]: ${error.message}`);
    }
  };
}

export interface RunOptions {
  /** Check the invariants after every step (default true). */
  readonly check?: boolean;
}

/**
 * Run the steps of a scenario one after the other.
 * @throws BadOperation if a step cannot be performed as written
 */
export function* runScenario(
  scenario: Scenario,
  session: Session,
  options: RunOptions = {},
): Generator<StepOutcome> {
  const { state, kernel } = session;
  const check = options.check ?? true;
  let known = new Set((check ? violations(state, kernel.c) : []).map(failureKey));
  let before = summarize(state, kernel);
  let tables = state.table_pages;
  const other = scenario.release?.name !== kernel.release;
  for (const [index, step] of scenario.steps.entries()) {
    const failures: Failure[] = [];
    const messages: string[] = [];
    const levels: (number | null)[] = [];
    let shown = returned(0);
    let held: readonly Holder[] = [];
    let steps = 0;
    const place = placed(scenario, index);
    const kind = kindOf(step.kind);
    const { text, count, run } = place(() => operationsOf(session, step));
    const restore = check && count <= RESTORE_LIMIT && !kind.program;
    for (let i = 0; i < count; i++) {
      const snapshot = restore ? observable(state) : [];
      const progress = kind.progress?.(session, step.step);
      const result = place(() => run(i));
      steps += result.steps;
      messages.push(...result.events.map(messageOf));
      levels.push(...result.events.map((event) => (event.kind === 'printk' ? event.level : null)));
      failures.push(...failuresOf(result));
      if (result.ret !== null && result.ret < 0) {
        const whole = restore && progress === kind.progress?.(session, step.step);
        const left = whole ? changedLines(snapshot, observable(state)) : [];
        if (left.length && !result.ost) failures.push(notRestored(left));
      }
      const range = result.errno === null ? null : kind.offlines?.(session, step.step, i);
      if (range) held = holders(session, range);
      if (shown.errno === null) shown = result;
      if (result.errno !== null || result.ended !== 'returned') break;
    }
    const now = check ? violations(state, kernel.c) : [];
    if (!kind.scene) {
      failures.push(...now.filter((failure) => !known.has(failureKey(failure))));
    }
    known = new Set(now.map(failureKey));
    const after = summarize(state, kernel);
    const result = resultText(shown);
    const misread = kind.judge?.(session, step.step, shown) ?? [];
    const wrong = judge(step.step, result, messages, misread);
    failures.push(...wrong);
    const about = { operation: step.kind, ...(failures.length > 0 ? kind.about?.(session, step.step) : {}) };
    const expected = withoutExpected(step.step, failures);
    yield {
      index,
      operation: text,
      result: kind.answer?.(shown, misread) ?? result,
      ret: shown.ret,
      ost: shown.ost ?? null,
      messages,
      levels,
      changes: changes(before, after),
      tables: tableChanges(tables, state.table_pages),
      failures: expected.map((failure) => ({ ...failure, subjects: { ...about, ...failure.subjects } })),
      holders: held,
      show: `mhp pages ${scenario.file}${other ? ` --release ${kernel.release}` : ''} --after ${index + 1}`,
      unexpected: wrong.length > 0,
      steps,
    };
    before = after;
    tables = state.table_pages;
  }
}
