import type { Model } from '../boot/boot.ts';
import { UserError } from '../errors/user-error.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Program, ThreadCode } from '../schedule/program/program.ts';
import { type FrameCode, narratedFrames } from '../schedule/program/thread.ts';
import type { Steps } from '../steps/step.ts';
import { unnoted, type Within } from '../steps/within.ts';
import { KernelCalls } from './kernel-calls.ts';
import { KernelMachine } from './kernel-machine.ts';
import { narrated } from './narrate.ts';

/**
 * A kernel thread: frames, or a generator function. {@link Within} is not needed to record its calls of kernel
 * functions.
 */
export type KernelThread = GeneratorCode | KernelFrames;

type GeneratorCode = (k: Kernel, within: Within) => Steps<unknown>;

/** Frames that take steps of their own, and call kernel functions through `calls`. */
export interface KernelFrames {
  frames(k: Kernel, calls: KernelCalls): FrameCode<unknown>;
}

/** The threads that run at the same time, by name; each has a CPU of its own. */
export type KernelThreads = Readonly<Record<string, KernelThread>>;

/** The machine's kernel does not read entries one at a time, or the machine has fewer CPUs than threads. */
export class NotInterleavable extends UserError {
  override readonly name = 'NotInterleavable';
  /** What is wrong, without the program's name. */
  readonly reason: string;

  constructor(program: string, reason: string) {
    super(`${program}: ${reason}`);
    this.reason = reason;
  }
}

/**
 * Threads of a kernel as a program of the explorer that begins in the model's state. The model itself does not change.
 * @throws NotInterleavable when a step of this kernel may be more than one access, or a thread has no CPU
 */
export function kernelProgram(
  name: string,
  { kernel, state }: Pick<Model, 'kernel' | 'state'>,
  threads: KernelThreads,
): Program {
  const names = Object.keys(threads);
  if (kernel.alone) throw new NotInterleavable(name, 'boot the kernel with explored: true');
  if (state.mmu && names.length > state.mmu.cpus) {
    throw new NotInterleavable(
      name,
      `${names.length} threads and ${state.mmu.cpus} CPU${state.mmu.cpus === 1 ? '' : 's'}`,
    );
  }
  const machine = new KernelMachine(kernel.c, state);
  const code = (thread: KernelThread, told: boolean): Pick<ThreadCode, 'run' | 'frame'> => {
    if (typeof thread === 'function')
      return { run: () => (told ? narrated(kernel, thread) : thread(kernel, unnoted)) };
    const frame = thread.frames(kernel, new KernelCalls(kernel, told));
    return { frame: told ? narratedFrames(frame) : frame };
  };
  const program = (told: boolean): Program => ({
    name,
    threads: [
      ...names.map((thread) => ({ name: thread, ...code(threads[thread]!, told) })),
      { name: 'rcu', ...code((k) => k.rcu_do_batch(), told), daemon: true },
    ],
    machine,
  });
  return { ...program(false), narrated: () => program(true) };
}
