import type { Model } from '../boot/boot.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Program } from '../schedule/program.ts';
import type { Steps } from '../steps/step.ts';
import { KernelMachine } from './machine.ts';

/** What runs at the same time, by name; each on a CPU of its own. */
export type KernelThreads = Readonly<Record<string, (k: Kernel) => Steps<unknown>>>;

/** A machine whose kernel does not read one entry at a time, or that has fewer CPUs than threads. */
export class NotInterleavable extends Error {
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
  if (kernel.c.run_limit !== 1) throw new NotInterleavable(`${name}: boot the kernel with run_limit 1`);
  if (state.mmu && names.length > state.mmu.cpus) {
    throw new NotInterleavable(`${name}: ${names.length} threads and ${state.mmu.cpus} CPUs`);
  }
  // what comes after the threads' own CPUs does not touch the MMU
  const rcu =
    'rcu_do_batch' in kernel ? [{ name: 'rcu', run: () => kernel.rcu_do_batch(), daemon: true }] : [];
  return {
    name,
    threads: [...names.map((thread) => ({ name: thread, run: () => threads[thread]!(kernel) })), ...rcu],
    machine: new KernelMachine(kernel.c, state),
  };
}
