import type { Model } from '../boot/boot.ts';
import { UserError } from '../errors/user-error.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Program } from '../schedule/program/program.ts';
import type { Steps } from '../steps/step.ts';
import { unnoted, type Within } from '../steps/within.ts';
import { KernelMachine } from './machine.ts';
import { narrated } from './narrate.ts';

/** What runs at the same time, by name; each on a CPU of its own. Functions of the kernel are noted without {@link Within}. */
export type KernelThreads = Readonly<Record<string, (k: Kernel, within: Within) => Steps<unknown>>>;

/** A machine whose kernel does not read one entry at a time, or that has fewer CPUs than threads. */
export class NotInterleavable extends UserError {
  override readonly name = 'NotInterleavable';
}

/**
 * Threads of a kernel as a program of the explorer, from the model's state on; that itself stays as it is.
 * @throws NotInterleavable when a step of this kernel may be more than one access, or a thread has no CPU
 */
export function kernel_program(
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
  const program = (
    run: (code: (k: Kernel, within: Within) => Steps<unknown>) => Steps<unknown>,
  ): Program => ({
    name,
    threads: [
      ...names.map((thread) => ({ name: thread, run: () => run(threads[thread]!) })),
      // what comes after the threads' own CPUs does not touch the MMU
      ...('rcu_do_batch' in kernel
        ? [{ name: 'rcu', run: () => run((k) => k.rcu_do_batch()), daemon: true }]
        : []),
    ],
    machine,
  });
  return {
    ...program((code) => code(kernel, unnoted)),
    narrated: () => program((code) => narrated(kernel, code)),
  };
}
