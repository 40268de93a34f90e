import { type BootOptions, boot, type Model } from '../../boot/boot.ts';
import { custom_layout, type Layout } from '../../geometry/layout.ts';
import { translation } from '../../geometry/translation.ts';
import { kernel_program } from '../../interleave/program.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Release } from '../../releases/index.ts';
import type { Program } from '../../schedule/program.ts';
import { Runner } from '../../schedule/run.ts';
import type { Steps } from '../../steps/step.ts';
import { unnoted, type Within } from '../../steps/within.ts';
import type { Scenario } from '../read.ts';
import { run_scenario } from '../run.ts';
import { BadOperation, Session } from '../session.ts';
import { BadExpression, type Result, truth } from './expression.ts';
import { LOCKS } from './locks.ts';
import { NotApplicable, scope_of } from './names.ts';
import type { Interleaved } from './read.ts';
import type { Statement } from './statement.ts';

type Names = Map<string, Result>;
type KernelFunction = (this: Kernel, ...args: readonly Result[]) => unknown;

const is_steps = (value: unknown): value is Steps<Result> =>
  typeof value === 'object' && value !== null && 'next' in value;

/** Functions of kernels, and locks, by name. @throws NotApplicable when this release has none of that name */
function function_of(k: Kernel, name: string): KernelFunction {
  const own = (k as unknown as Readonly<Record<string, unknown>>)[name] ?? LOCKS[name];
  if (typeof own !== 'function') throw new NotApplicable(`${k.release} has no ${name}()`);
  return own as KernelFunction;
}

function* not_so(text: string): Steps<void> {
  yield { op: 'bug', where: 'expect', text };
}

/** The lines one after the other; names they give are the thread's own. */
function* perform(k: Kernel, lines: readonly Statement[], names: Names, within: Within): Steps<void> {
  const scope = scope_of(k.c, names);
  for (const line of lines) {
    if (line.kind === 'call') {
      const called = function_of(k, line.fn).apply(
        k,
        line.args.map((arg) => arg(scope)),
      );
      const value = is_steps(called) ? yield* within(line.fn, called, line.text) : (called as Result);
      if (line.into !== null) names.set(line.into, value ?? null);
    } else if (!truth(line.value(scope))) {
      if (line.kind === 'expect') yield* within('expect', not_so(line.text), `expect ${line.text}`);
      return;
    }
  }
}

export interface Interleaving {
  readonly model: Model;
  readonly program: Program;
}

/** A machine, and regions in place of the release's own. */
export interface Place {
  readonly machine: Machine;
  readonly layout: Layout | undefined;
  readonly permanent_mappings?: boolean;
}

/** Where the scenario's file has it run. */
export const place_of = ({ interleaved, machine }: Scenario & { readonly machine: Machine }): Place => ({
  machine,
  layout: interleaved!.layout
    ? custom_layout(translation(machine.arch, machine.page_size, machine.va_bits ?? 48), interleaved!.layout)
    : undefined,
});

const boot_options = (
  { config }: Interleaved,
  { layout, permanent_mappings = false }: Place,
): BootOptions => ({
  run_limit: 1,
  permanent_mappings,
  ...(layout ? { layout } : {}),
  ...(config.PTDUMP_DEBUGFS === undefined ? {} : { ptdump_debugfs: config.PTDUMP_DEBUGFS }),
  ...(config.INIT_MEMBLOCK_REGIONS === undefined
    ? {}
    : { init_memblock_regions: config.INIT_MEMBLOCK_REGIONS }),
  ...(config.DEBUG_VM_PGFLAGS === undefined ? {} : { debug_vm_pgflags: config.DEBUG_VM_PGFLAGS }),
});

/** Run to its end what has to be there before the threads begin. */
function prepare(model: Model, scenario: Scenario, names: Names): void {
  const session = new Session(model);
  for (const { failures } of run_scenario(scenario, session, { check: false }))
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
 * @throws NotApplicable when the release or the machine does not have what the scenario is about
 * @throws ImpossibleMachine when the release cannot be built for the machine
 * @throws BadOperation when a line cannot be done as written
 */
export function interleaving(name: string, scenario: Scenario, release: Release, place: Place): Interleaving {
  const { interleaved } = scenario;
  const model = boot(place.machine, release, boot_options(interleaved!, place));
  const names: Names = new Map();
  try {
    for (const [given, expression] of interleaved!.names)
      names.set(given, expression(scope_of(model.kernel.c, names)));
    prepare(model, scenario, names);
    const threads = Object.entries(interleaved!.threads);
    for (const line of threads.flatMap(([, lines]) => lines))
      if (line.kind === 'call') function_of(model.kernel, line.fn);
    const program = kernel_program(
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
    if (error instanceof BadExpression) throw new BadOperation(`${scenario.file}: ${error.message}`);
    throw error;
  }
}
