import { type BootOptions, boot, type Model } from '../../boot/boot.ts';
import { BadOperation } from '../../errors/bad-operation.ts';
import { customLayout, type Layout } from '../../geometry/layout.ts';
import { translation } from '../../geometry/translation.ts';
import { kernelProgram, NotInterleavable } from '../../interleave/kernel-program.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Release } from '../../releases/index.ts';
import type { Program } from '../../schedule/program/program.ts';
import { Runner } from '../../schedule/runner.ts';
import type { Steps } from '../../steps/step.ts';
import { unnoted, type Within } from '../../steps/within.ts';
import type { Scenario } from '../format/read.ts';
import { runScenario } from '../running/run-scenario.ts';
import { Session } from '../running/session.ts';
import { BadExpression, type Expression, type ExpressionResult, type Scope, truth } from './expression.ts';
import { LOCKS } from './locks.ts';
import { NotApplicable, scopeOf } from './names.ts';
import type { Interleaved, ThreadLine } from './read.ts';

type Names = Map<string, ExpressionResult>;
type KernelFunction = (this: Kernel, ...args: readonly ExpressionResult[]) => unknown;

const isSteps = (value: unknown): value is Steps<ExpressionResult> =>
  typeof value === 'object' && value !== null && 'next' in value;

/** The kernel function or lock function of a name. @throws NotApplicable if this release has none of that name */
function functionOf(k: Kernel, name: string): KernelFunction {
  const own = (k as unknown as Readonly<Record<string, unknown>>)[name] ?? LOCKS[name];
  if (typeof own !== 'function') throw new NotApplicable(`${k.release} has no ${name}()`);
  return own as KernelFunction;
}

/** Whether it is the error that JavaScript throws when a kernel function is called with wrong arguments. */
const isMisuse = (error: unknown): error is Error =>
  error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;

/** Converts an error in a line that is not a failure of the kernel; the new error names the line. */
function placed(line: Pick<ThreadLine, 'wrong'>, error: unknown): unknown {
  if (error instanceof BadExpression) return line.wrong(error.message);
  return isMisuse(error) ? line.wrong(`cannot be done: ${error.message}`) : error;
}

function valueIn(line: Pick<ThreadLine, 'wrong'>, value: Expression, scope: Scope): ExpressionResult {
  try {
    return value(scope);
  } catch (error) {
    throw placed(line, error);
  }
}

/** The function of a call, after a check that there are enough arguments. @throws NotApplicable */
function calledBy(k: Kernel, line: ThreadLine & { readonly kind: 'call' }): KernelFunction {
  const own = functionOf(k, line.fn);
  if (line.args.length < own.length)
    throw line.wrong(`too few arguments to ${line.fn}(): ${line.args.length} of ${own.length}`);
  return own;
}

function* call(
  k: Kernel,
  line: ThreadLine & { readonly kind: 'call' },
  args: readonly ExpressionResult[],
  within: Within,
): Steps<ExpressionResult> {
  try {
    const called = calledBy(k, line).apply(k, [...args]);
    return isSteps(called) ? yield* within(line.fn, called, line.text) : (called as ExpressionResult);
  } catch (error) {
    throw placed(line, error);
  }
}

function* notSo(text: string): Steps<void> {
  yield { op: 'bug', where: 'expect', text, expectation: true };
}

/** Runs the lines in order; names they define belong to the thread. */
function* perform(k: Kernel, lines: readonly ThreadLine[], names: Names, within: Within): Steps<void> {
  const scope = scopeOf(k.c, names);
  for (const line of lines) {
    if (line.kind === 'call') {
      const args = line.args.map((arg) => valueIn(line, arg, scope));
      const value = yield* call(k, line, args, within);
      if (line.into !== null) names.set(line.into, value ?? null);
    } else if (!truth(valueIn(line, line.value, scope))) {
      if (line.kind === 'expect') yield* within('expect', notSo(line.text), `expect ${line.text}`);
      return;
    }
  }
}

export interface Interleaving {
  readonly model: Model;
  readonly program: Program;
}

/** A machine, and regions that replace the release's own. */
export interface Place {
  readonly machine: Machine;
  readonly layout: Layout | undefined;
  readonly permanent_mappings?: boolean;
}

/** The place that the scenario's file gives. */
export const placeOf = ({ interleaved, machine }: Scenario & { readonly machine: Machine }): Place => ({
  machine,
  layout: interleaved!.layout
    ? customLayout(translation(machine.arch, machine.page_size, machine.va_bits ?? 48), interleaved!.layout)
    : undefined,
});

const bootOptions = (
  { config }: Interleaved,
  { layout, permanent_mappings = false }: Place,
): BootOptions => ({
  explored: true,
  permanent_mappings,
  ...(layout ? { layout } : {}),
  ...(config.PTDUMP_DEBUGFS === undefined ? {} : { ptdump_debugfs: config.PTDUMP_DEBUGFS }),
  ...(config.INIT_MEMBLOCK_REGIONS === undefined
    ? {}
    : { init_memblock_regions: config.INIT_MEMBLOCK_REGIONS }),
  ...(config.DEBUG_VM_PGFLAGS === undefined ? {} : { debug_vm_pgflags: config.DEBUG_VM_PGFLAGS }),
});

/** Runs the lines that prepare the state before the threads begin. */
function prepare(model: Model, scenario: Scenario, names: Names): void {
  const session = new Session(model);
  for (const { failures } of runScenario(scenario, session, { check: false }))
    if (failures[0]) throw new BadOperation(`${scenario.file}: steps: ${failures[0].text}`);
  const outcome = new Runner(model.state).run(
    perform(model.kernel, scenario.interleaved!.before, names, unnoted),
  );
  if (outcome.ended !== 'returned')
    throw new BadOperation(
      `${scenario.file}: before: ${outcome.ended} ${JSON.stringify(outcome.events.at(-1))}`,
    );
}

/**
 * A scenario's threads on a release as a program of the explorer, `name` as tokens have it.
 * @throws NotApplicable if the release or the machine lacks what the scenario is about
 * @throws ImpossibleMachine when the release cannot be built for the machine
 * @throws InputError when a line cannot be done as written, or a thread has no CPU
 * @throws BadOperation if a line before the threads fails
 */
export function interleaving(name: string, scenario: Scenario, release: Release, place: Place): Interleaving {
  const { interleaved } = scenario;
  const model = boot(place.machine, release, bootOptions(interleaved!, place));
  const names: Names = new Map();
  for (const given of interleaved!.names)
    names.set(given.name, valueIn(given, given.value, scopeOf(model.kernel.c, names)));
  try {
    prepare(model, scenario, names);
    const threads = Object.entries(interleaved!.threads);
    for (const line of threads.flatMap(([, lines]) => lines))
      if (line.kind === 'call') calledBy(model.kernel, line);
    const program = kernelProgram(
      name,
      model,
      Object.fromEntries(
        threads.map(([thread, lines]) => [
          thread,
          (k: Kernel, within: Within) => perform(k, lines, new Map(names), within),
        ]),
      ),
    );
    return { model, program };
  } catch (error) {
    throw error instanceof NotInterleavable ? interleaved!.wrong(error.message) : error;
  }
}
