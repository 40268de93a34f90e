import type { Model } from '../../boot/boot.ts';
import { BadOperation } from '../../errors/bad-operation.ts';
import { namedIn } from '../../interleave/object-names.ts';
import { kernel_page_tables } from '../../kernel/fs/kernel_page_tables.ts';
import { lookup, type SysfsEntry, store } from '../../kernel/fs/sysfs.ts';
import { page_tables_kernel } from '../../kernel/fs/x86_page_tables.ts';
import { NotModelled } from '../../kernel/kernel/runtime.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { PROTECTED } from '../../kernel/protected.ts';
import type { State } from '../../kernel/state.ts';
import { Runner, type RunOutcome } from '../../schedule/runner.ts';
import { errnoName } from '../../steps/errno.ts';
import type { Steps } from '../../steps/step.ts';
import { type Result, returned } from './result.ts';

/** Files that may be missing: open() then fails. */
const COMES_AND_GOES =
  /^\/sys\/(devices\/system\/memory\/memory\d+\/(state|online)|(devices\/system\/node\/node\d+|kernel\/mm)\/hugepages\/hugepages-\d+kB\/nr_hugepages)$/;

/**
 * A machine in operation: every operation runs the kernel's code straight through. Once the kernel has hit a BUG its
 * locks stay held; later operations continue, as they would on other CPUs of a machine in that state.
 */
export class Session {
  readonly kernel: Kernel;
  readonly state: State;
  /** Called when the kernel waits for another thread forever; returns true if that thread has acted. */
  meanwhile: (() => boolean) | undefined;
  /** Called after each line that the kernel prints. */
  prints: ((text: string) => void) | undefined;
  #runner: Runner;

  constructor(model: Model) {
    this.kernel = model.kernel;
    this.state = model.state;
    this.#runner = new Runner(this.state, PROTECTED, namedIn(this.state));
  }

  #modelled(thread: Steps<number>): RunOutcome<number> {
    try {
      const { prints } = this;
      return this.#runner.run(prints ? heard(thread, prints) : thread, this.meanwhile);
    } catch (error) {
      if (!(error instanceof NotModelled)) throw error;
      this.#runner = new Runner(this.state, PROTECTED, namedIn(this.state));
      throw new BadOperation(`not modelled: ${error.message}`);
    }
  }

  /**
   * A call of a kernel function: `session.call(session.kernel.remove_memory(start, size))`.
   * @throws BadOperation if the kernel reaches something that is not modelled, such as a node that the machine lacks
   */
  call(thread: Steps<number>): Result {
    const outcome = this.#modelled(thread);
    if (outcome.ended !== 'returned') this.#runner = new Runner(this.state, PROTECTED, namedIn(this.state));
    const ret = outcome.value ?? null;
    return {
      ret,
      errno: ret === null ? null : errnoName(ret),
      ended: outcome.ended,
      events: outcome.events,
      steps: outcome.steps,
      signalled: outcome.signalled,
    };
  }

  read(path: string): SysfsEntry | null {
    return lookup(this.state, this.kernel, path);
  }

  /** The lines of debugfs kernel_page_tables (arm64) or page_tables/kernel (x86-64), as far as they are modelled. */
  pageTables(): Iterable<string> {
    const lines = this.kernel.c.arch === 'arm64' ? kernel_page_tables : page_tables_kernel;
    return lines(this.state, this.kernel);
  }

  /** Whether the path is a file of a device that a bus does not have, or no longer. */
  #isOfNoDevice(path: string): boolean {
    const [, devices, name] = /^(\/sys\/bus\/(?:nd|dax)\/devices)\/([a-z]+[\d.]+)\/\w+$/.exec(path) ?? [];
    if (devices === undefined || name === undefined) return false;
    const entry = this.read(devices);
    return entry?.kind === 'dir' && !entry.names.includes(name);
  }

  /** @throws BadOperation for a path that is not modelled or does not exist */
  write(path: string, value: string): Result {
    const thread = store(this.state, this.kernel, path, value);
    if (thread === null && (COMES_AND_GOES.test(path) || this.#isOfNoDevice(path))) {
      return returned(-this.kernel.errno.ENOENT);
    }
    if (thread === null) throw new BadOperation(`${path}: no such file in the modelled kernel`);
    if (thread === 'denied') return returned(-this.kernel.errno.EACCES);
    return this.call(thread);
  }
}

/** The thread, with a listener for what it prints. */
function* heard(thread: Steps<number>, prints: (text: string) => void): Steps<number> {
  let next = thread.next();
  while (!next.done) {
    const step = next.value;
    const result = yield step;
    if (step.op === 'printk') prints(step.text);
    next = thread.next(result);
  }
  return next.value;
}
