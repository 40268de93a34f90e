import { InputError } from '../errors/input-error.ts';
import type { Machine } from '../machines/machine.ts';
import { isMemScenario, type MemScenario, parseMemScenario } from '../memmap/scenarios/mem-scenario.ts';
import { parseScenario, type Scenario } from '../scenarios/format/read.ts';
import { hashText } from '../schedule/data/canon.ts';
import type { Described } from '../steps/failure-schema.ts';

/** A scenario that says what fails on which release, and which releases fix it. */
export type Entry = StepsEntry | ThreadsEntry | MemmapEntry;

interface About {
  readonly id: string;
  /** The name under which tokens know it: its id; for a file of the user's, its name and a hash of its text. */
  readonly program: string;
  readonly title: string;
  readonly why: string | null;
  readonly file: string;
  /** The release on which it fails. */
  readonly release: string;
  /** The releases on which nothing fails. */
  readonly fixed: readonly string[];
  /** The failure; null for a scenario in which nothing should fail. */
  readonly failure: Described | null;
}

/** An entry whose operations run one after the other. */
export interface StepsEntry extends About {
  readonly kind: 'steps';
  readonly scenario: Scenario & { readonly machine: Machine };
}

/** An entry whose threads run at the same time. */
export interface ThreadsEntry extends About {
  readonly kind: 'threads';
  readonly scenario: Scenario & { readonly machine: Machine };
}

/** An entry about struct pages as addresses. */
export interface MemmapEntry extends About {
  readonly kind: 'memmap';
  readonly scenario: MemScenario;
}

/** How a scenario file is read. */
export interface Reading {
  /** Whether another release may stand for one that is not modelled. */
  readonly nearest?: boolean;
  /** Whether it is a file of the user's: tokens then know it by its content. */
  readonly own?: boolean;
}

/** A hash of a scenario's text, in hexadecimal. */
export const contentHash = (text: string): string => (hashText(text) >>> 0).toString(16).padStart(8, '0');

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * Reads an entry from the text of a scenario file, which also describes the machine.
 * @throws InputError
 */
export function readEntry(text: string, file: string, { nearest = false, own = false }: Reading = {}): Entry {
  const scenario = isMemScenario(text)
    ? parseMemScenario(text, file)
    : parseScenario(text, file, { nearest });
  if (!scenario.release) throw new InputError(file, 'release', 'is missing: name the release that fails');
  const id = scenario.id ?? file;
  const about = {
    id,
    program: own ? `${baseName(id)}~${contentHash(text)}` : id,
    title: scenario.title ?? '',
    why: scenario.why ?? null,
    file,
    release: scenario.release.name,
    fixed: scenario.fixed.map(({ name }) => name),
    failure: scenario.failure ?? null,
  };
  if (!('interleaved' in scenario)) return { ...about, kind: 'memmap', scenario };
  if (typeof scenario.machine === 'string')
    throw new InputError(file, 'machine', 'is a path: mhp check wants the machine described here');
  const kind = scenario.interleaved ? 'threads' : 'steps';
  return { ...about, kind, scenario: { ...scenario, machine: scenario.machine } };
}
