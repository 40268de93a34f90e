import { InputError } from '../../errors/input-error.ts';
import type { Machine } from '../../machines/machine.ts';
import { cacheDir, Debian } from '../../record/kernel/debian.ts';
import { KernelFinder } from '../../record/kernel/find-kernel.ts';
import type { GuestKernel } from '../../record/kernel/guest-kernel.ts';
import { type Plan, planOf } from '../../record/machine/plan.ts';
import { FIRMWARE_PACKAGE } from '../../record/qemu/process.ts';
import type { Scenario } from '../../scenarios/format/read.ts';
import { readScenario } from '../inputs/scenario-file.ts';

/** From what the user names to a plan. */

export interface Wishes {
  readonly append: string;
  readonly qemuOpts: string;
  readonly leaveOut?: boolean;
}

/** A scenario with its machine. */
export interface Subject {
  readonly scenario: Scenario;
  readonly machine: Machine;
}

/** @throws InputError if it cannot be recorded on any kernel */
export function subjectOf(file: string, arch?: string): Subject {
  const scenario = readScenario(file, { nearest: true });
  const { machine } = scenario;
  if (scenario.interleaved)
    throw new InputError(
      file,
      'threads',
      'cannot be recorded: the order of their steps is not ours to choose',
    );
  if (typeof machine === 'string')
    throw new InputError(
      file,
      'machine',
      'is that of another source: a recording needs a machine that is described here',
    );
  if (arch !== undefined && arch !== machine.arch)
    throw new InputError('--arch', '', `is ${arch}, but the machine of ${file} is ${machine.arch}`);
  return { scenario, machine };
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** Finds kernels and plans recordings; packages are looked up once. */
export class Planner {
  readonly #packages = new Map<string, Debian>();
  readonly #finder: KernelFinder;
  readonly #signal: AbortSignal;

  /**
   * @param dir a private directory
   * @param signal ends downloads
   */
  constructor(dir: string, signal: AbortSignal) {
    this.#signal = signal;
    this.#finder = new KernelFinder(dir, (arch, suite) => this.#debian(arch, suite));
  }

  #debian(arch: 'amd64' | 'arm64', suite?: string): Debian {
    const key = `${arch}@${suite ?? ''}`;
    const known = this.#packages.get(key) ?? new Debian(arch, cacheDir(), this.#signal, suite);
    this.#packages.set(key, known);
    return known;
  }

  /** The packages of a machine's architecture. */
  debianOf({ arch }: Machine): Debian {
    return this.#debian(arch === 'arm64' ? 'arm64' : 'amd64');
  }

  async plan(
    { scenario, machine }: Subject,
    kernelName: string,
    { append, qemuOpts }: Wishes,
  ): Promise<{ readonly kernel: GuestKernel; readonly plan: Plan }> {
    const kernel = await this.#finder.find(kernelName, machine);
    return { kernel, plan: planOf(machine, scenario.steps, kernel, { append, qemu_opts: words(qemuOpts) }) };
  }
}

/** @throws InputError naming the first step, build option or program that a recording lacks */
export function refuse(
  { file, lines }: Scenario,
  plan: Plan,
  kernel: GuestKernel,
  { leaveOut }: Wishes,
): void {
  const [missing] = plan.missing;
  if (missing) throw new InputError(kernel.source, '', `is built without ${missing.option}: ${missing.why}`);
  const qemu = plan.install.find((name) => name.startsWith('qemu'));
  if (qemu !== undefined)
    throw new InputError(
      qemu === FIRMWARE_PACKAGE ? 'EDK II' : plan.machine.program,
      '',
      `is not installed (package ${qemu})`,
    );
  const [left, ...more] = plan.left_out;
  if (left === undefined || leaveOut) return;
  const line = lines[left.step];
  const others =
    more.length === 0
      ? ''
      : `; and ${more.length} more steps (--plan lists them, --leave-out leaves them out)`;
  throw new InputError(
    file,
    `${line === undefined ? '' : `line ${line} `}steps[${left.step}]`,
    `${left.kind} cannot be recorded: ${left.why}${others}`,
  );
}
