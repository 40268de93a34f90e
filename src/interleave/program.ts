import type { Model } from '../boot/boot.ts';
import { UserError } from '../errors/user-error.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Program, ThreadCode } from '../schedule/program/program.ts';
import { type FrameCode, narratedFrames } from '../schedule/program/thread.ts';
import type { Steps } from '../steps/step.ts';
import { unnoted, type Within } from '../steps/within.ts';
import { KernelCalls } from './kernel-calls.ts';
import { KernelMachine } from './machine.ts';
import { narrated } from './narrate.ts';

/** A thread of a kernel: a generator function, whose calls of kernel functions are noted without {@link Within}, or frames. */
export type KernelThread = GeneratorCode | KernelFrames;

type GeneratorCode = (k: Kernel, within: Within) => Steps<unknown>;

/** Frames that take steps of their own, and call functions of the kernel by `calls`. */
export interface KernelFrames {
  frames(k: Kernel, calls: KernelCalls): FrameCode<unknown>;
}

/** What runs at the same time, by name; each on a CPU of its own. */
export type KernelThreads = Readonly<Record<string, KernelThread>>;

/** A machine whose kernel does not read one entry at a time, or that has fewer CPUs than threads. */
export class NotInterleavable extends UserError {
  override readonly name = 'NotInterleavable';
}

/**
 * Threads of a kernel as a program of the explorer, from the model's state on; that itself stays as it is.
 * @throws NotInterleavable when a step of this kernel may be more than one access, or a thread has no CPU
 */
export function kernelProgram(
  name: string,
  { kernel, state }: Pick<Model, 'kernel' | 'state'>,
  threads: KernelThreads,
): Program {
  const names = Object.keys(threads);
  if (kernel.alone) throw new NotInterleavable(`${name}: boot the kernel with explored: true`);
  if (state.mmu && names.length > state.mmu.cpus) {
    throw new NotInterleavable(`${name}: ${names.length} threads and ${state.mmu.cpus} CPUs`);
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
      // what comes after the threads' own CPUs does not touch the MMU
      ...('rcu_do_batch' in kernel
        ? [{ name: 'rcu', ...code((k) => k.rcu_do_batch(), told), daemon: true }]
        : []),
    ],
    machine,
  });
  return { ...program(false), narrated: () => program(true) };
}
