import { stringify } from 'yaml';
import { type BootOptions, boot, type Model } from '../src/boot/boot.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import { phys_to_virt } from '../src/kernel/pfn.ts';
import { parseMachineFile } from '../src/machines/machine-file/machine-file.ts';
import { tableMonitors } from '../src/monitors/mmu/index.ts';
import { findRelease } from '../src/releases/index.ts';
import { lockOrder } from '../src/schedule/monitors/index.ts';
import type { Monitor } from '../src/schedule/monitors/monitor.ts';
import type { Program } from '../src/schedule/program/program.ts';
import { Runner } from '../src/schedule/runner.ts';
import { explore } from '../src/schedule/search/exploration.ts';
import type { Failure } from '../src/steps/failure.ts';
import type { Steps } from '../src/steps/step.ts';
import type { MachineObject } from './kit.ts';

/** Shared by tests of kernels on the explorer. */

/** A kernel of which every access is a step. */
export function bootedForSteps(release: string, machine: MachineObject, options: BootOptions = {}): Model {
  const parsed = parseMachineFile(stringify(machine), 'machine');
  return boot(parsed, findRelease(release)!, { ...options, explored: true });
}

/** Runs a thread before the others begin. */
export function first<T>(model: Model, thread: Steps<T>): T {
  const outcome = new Runner(model.state).run(thread);
  if (outcome.ended !== 'returned') throw new Error(`${outcome.ended}: ${JSON.stringify(outcome.events)}`);
  return outcome.value!;
}

const exploration = (program: Program, monitors: readonly Monitor[], reduce: boolean) => {
  const asked = explore(program).only(...monitors);
  return reduce ? asked : asked.without('reduction');
};

/** The verdict of this monitor. */
export function found(program: Program, monitor: Monitor, reduce = true) {
  const verdict = exploration(program, [monitor], reduce).states().verdict();
  if (verdict.verdict !== 'violated') return verdict.verdict;
  return { text: verdict.violation.text, preemptions: verdict.preemptions };
}

/** The first failure that one of the monitors reports, and its number of preemptions. */
export function verdictOf(program: Program, monitors: readonly Monitor[], reduce = true) {
  const verdict = exploration(program, monitors, reduce).states().verdict();
  if (verdict.verdict !== 'violated') return verdict.verdict;
  const { monitor, text } = verdict.violation;
  return { monitor, text, preemptions: verdict.preemptions };
}

/** Faults and warnings of one kind. */
export const faults = (kind: string): Monitor => ({
  name: kind,
  fault: (fault) => (fault.kind === kind ? fault : undefined),
});

/** A failure with a test's text; undefined for no text. */
export const says = (text: string | undefined): Failure | undefined =>
  text ? { kind: 'invariant', subjects: {}, text } : undefined;

/** All failures, including that no thread can continue. */
export const anything: Monitor = {
  name: 'anything',
  fault: (fault) => ({ ...fault, text: `${fault.kind}: ${fault.text}` }),
  stuck: () => says('stuck'),
};

/** The monitors that hold in every program of every release without a bug. */
export const well = ({ kernel }: Pick<Model, 'kernel'>): readonly Monitor[] => [
  anything,
  ...Object.values(tableMonitors(kernel.c)),
  lockOrder(),
];

/** The linear map of a physical range, as arch_add_memory() makes it, and nothing else. */
export const mapLinear = (k: Kernel, start: number, size: number): Steps<number> =>
  k.__create_pgd_mapping(
    k.c.swapper_pg_dir,
    start,
    phys_to_virt(k.c, start),
    size,
    k.c.pgprot.MHP,
    '__pgd_pgtable_alloc',
    0,
  );
