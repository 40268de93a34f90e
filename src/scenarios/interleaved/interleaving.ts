import { type BootOptions, boot, type Model } from '../../boot/boot.ts';
import { InputError, InputErrors } from '../../errors/input-error.ts';
import { customLayout, type Layout } from '../../geometry/layout.ts';
import { translation } from '../../geometry/translation.ts';
import { kernelProgram, NotInterleavable } from '../../interleave/kernel-program.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Machine } from '../../machines/machine.ts';
import type { Release } from '../../releases/index.ts';
import type { Program } from '../../schedule/program/program.ts';
import type { Within } from '../../steps/within.ts';
import type { Scenario } from '../format/read.ts';
import { scopeOf } from './names.ts';
import { calledBy, type Names, perform, valueIn } from './perform-lines.ts';
import { prepare } from './prepare.ts';
import type { Interleaved, ThreadLine } from './read.ts';

export interface Interleaving {
  readonly model: Model;
  readonly program: Program;
}

/** A machine, and regions that replace the release's own. */
export interface Place {
  readonly machine: Machine;
  readonly layout: Layout | undefined;
  readonly permanent_mappings?: boolean;
  /** Runs of entries are changed in one step. */
  readonly runs?: boolean;
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
  { layout, permanent_mappings = false, runs = false }: Place,
): BootOptions => ({
  explored: true,
  permanent_mappings,
  runs,
  ...(layout ? { layout } : {}),
  ...(config.PTDUMP_DEBUGFS === undefined ? {} : { ptdump_debugfs: config.PTDUMP_DEBUGFS }),
  ...(config.INIT_MEMBLOCK_REGIONS === undefined
    ? {}
    : { init_memblock_regions: config.INIT_MEMBLOCK_REGIONS }),
  ...(config.DEBUG_VM_PGFLAGS === undefined ? {} : { debug_vm_pgflags: config.DEBUG_VM_PGFLAGS }),
  ...(config.REPORT_UNINITIALISED ? { report_uninitialised: true } : {}),
});

/** @throws InputError for all calls with too many or too few arguments, NotApplicable for a function that is not there */
function checkCalls(k: Kernel, lines: readonly ThreadLine[]): void {
  const faults = lines.flatMap((line) => {
    try {
      if (line.kind === 'call') calledBy(k, line);
      return [];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return [error];
    }
  });
  if (faults.length > 0) throw faults.length > 1 ? new InputErrors(faults) : faults[0]!;
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
    checkCalls(
      model.kernel,
      threads.flatMap(([, lines]) => lines),
    );
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
    throw error instanceof NotInterleavable ? interleaved!.wrong(error.reason) : error;
  }
}
