import { BadOperation } from '../errors/bad-operation.ts';
import type { Arch } from '../geometry/sizes.ts';
import type { KernelFunctions } from '../kernel/kernel.ts';
import type { Release } from '../releases/define.ts';
import { explore } from '../schedule/search/exploration.ts';
import { checkEntry, isLack } from './check-entry.ts';
import type { Checked } from './checked.ts';
import { kindOf, type ReturnKind, type Returns } from './design/returns.ts';
import type { StepsEntry, ThreadsEntry } from './entry.ts';
import { watched } from './threads.ts';

/** How far threads are followed to see what they call: run alone, and with one preemption. */
const FAR = { maxPreemptions: 1, maxStates: 20_000 };

type Called = (this: unknown, ...args: unknown[]) => unknown;

function* returned(steps: Generator, note: (value: unknown) => void): Generator {
  const value: unknown = yield* steps;
  note(value);
  return value;
}

/** The release, with a record of which of these functions are called by name, and of what they return. */
function noted(
  release: Release,
  names: (arch: Arch) => ReadonlySet<string>,
  calls: Map<string, Set<ReturnKind>>,
): Release {
  const noting = (name: string, fn: Called): Called =>
    function (this: unknown, ...args: unknown[]): unknown {
      const kinds = calls.get(name) ?? new Set<ReturnKind>();
      calls.set(name, kinds);
      const value = fn.apply(this, args);
      if (fn.constructor.name === 'GeneratorFunction')
        return returned(value as Generator, (result) => kinds.add(kindOf(result)));
      kinds.add(kindOf(value));
      return value;
    };
  const made = new Map<Arch, KernelFunctions>();
  return {
    ...release,
    functions: (arch) => {
      const known = made.get(arch);
      if (known) return known;
      // batch forms still stand for what is not watched
      const watching = names(arch);
      const own = Object.entries(release.functions(arch)).map(([name, fn]) => [
        name,
        watching.has(name) ? noting(name, fn as Called) : fn,
      ]);
      const all = Object.fromEntries(own) as unknown as KernelFunctions;
      made.set(arch, all);
      return all;
    },
  };
}

export interface Survey {
  /** The watched functions that are called by name, and what each returned. */
  readonly calls: Returns;
  /** The verdict, for an entry whose operations run one after the other. */
  readonly checked: Checked | null;
}

/** Which of some functions an entry calls on a release. Null if it cannot run there. */
export function survey(
  entry: StepsEntry | ThreadsEntry,
  release: Release,
  names: (arch: Arch) => ReadonlySet<string>,
): Survey | null {
  const calls = new Map<string, Set<ReturnKind>>();
  const watching = noted(release, names, calls);
  try {
    if (entry.kind === 'steps') {
      const checked = checkEntry(entry, watching);
      return checked.verdict === 'n/a' ? null : { calls, checked };
    }
    const { program } = watched(entry, watching, {});
    explore(program).only().bound(FAR).states().verdict();
  } catch (error) {
    if (isLack(error) || error instanceof BadOperation) return null;
    throw error;
  }
  return { calls, checked: null };
}
