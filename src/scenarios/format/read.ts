import type { Machine } from '../../machines/machine.ts';
import { machineOfFile } from '../../machines/machine-file/machine-file.ts';
import { machineFileSchema } from '../../machines/machine-file/machine-schema.ts';
import { Faults } from '../../machines/text/faults.ts';
import { releaseRange } from '../../machines/text/release-range.ts';
import { parseYamlText, type YamlText } from '../../machines/text/yaml-text.ts';
import { IN_WORDS } from '../../machines/text/zod-place.ts';
import { findRelease, mainline, nearestRelease, notARelease, type Release } from '../../releases/index.ts';
import { type Interleaved, readInterleaved } from '../interleaved/read.ts';
import { type ScenarioFile, scenarioSchema } from './schema.ts';
import { parseStep, type ScenarioStep } from './step-schema.ts';

/** A scenario as in its file. If the file only names its machine, the caller reads the machine. */
export interface Scenario {
  readonly file: string;
  readonly id: string | null;
  readonly title: string | null;
  readonly machine: Machine | string;
  readonly release: Release | null;
  /** The release's name as the file gives it. */
  readonly release_name: string | undefined;
  readonly fixed: readonly Release[];
  readonly failure: ScenarioFile['failure'];
  readonly why: string | null;
  readonly steps: readonly ScenarioStep[];
  /** The threads that run at the same time after the steps; null in a scenario of steps alone. */
  readonly interleaved: Interleaved | null;
  /** Line of each step, for messages. */
  readonly lines: readonly (number | undefined)[];
}

const MAINLINE = mainline.map(({ name }) => name);

/**
 * Parse a scenario (YAML by schemas/scenario.schema.json).
 * @param nearest whether another release may stand for one that is not modelled
 * @throws InputError naming line and key of each fault
 */
export function parseScenario(text: string, file: string, { nearest = false } = {}): Scenario {
  const yaml = parseYamlText(text, file);
  const faults = new Faults(yaml, file);
  const parsed = scenarioSchema.safeParse(yaml.value, IN_WORDS);
  if (!parsed.success) faults.addIssues(parsed.error);
  const given = membersOf(yaml.value);
  const data = parsed.data ?? soundPart(given);
  const releaseOf = (name: string, path: readonly PropertyKey[], standIn: boolean): Release[] => {
    const release = standIn ? nearestRelease(name) : findRelease(name);
    if (release) return [release];
    faults.add(path, notARelease(name));
    return [];
  };
  const releasesOf = (text: string, path: readonly PropertyKey[]): Release[] => {
    const names = releaseRange(text, MAINLINE) ?? [text];
    if (!('wrong' in names)) return names.flatMap((name) => releaseOf(name, path, false));
    faults.add(path, names.wrong);
    return [];
  };
  const steps = data.steps.flatMap((value, i) => {
    const step = parseStep(value);
    if ('step' in step) return [step.step];
    faults.add(['steps', i, ...step.path], step.what);
    return [];
  });
  const threadsAreSound = (given.threads === undefined) === (data.threads === undefined);
  const interleaved = threadsAreSound
    ? faults.of(() =>
        readInterleaved(data, findRelease(data.release ?? ''), (path, what) => faults.at(path, what)),
      )
    : null;
  if (given.threads === undefined) {
    if (given.steps === undefined) faults.add(null, 'has neither steps nor threads: there is nothing to do');
    if (Array.isArray(given.steps) && given.steps.length === 0)
      faults.add(['steps'], 'is empty, and there are no threads: there is nothing to do');
  }
  const machineYaml: YamlText = { value: data.machine, lineOf: (path) => yaml.lineOf(['machine', ...path]) };
  const described =
    typeof data.machine === 'object' ? machineFileSchema.safeParse(data.machine, IN_WORDS) : null;
  if (described?.error) faults.addIssues(described.error, ['machine']);
  const machine = described?.data
    ? faults.of(() => machineOfFile(described.data, machineYaml, file))
    : (data.machine as string);
  const [release = null] = data.release === undefined ? [] : releaseOf(data.release, ['release'], nearest);
  const fixed = (data.fixed ?? []).flatMap((text, i) => releasesOf(text, ['fixed', i]));
  const error = faults.error();
  if (error) throw error;
  return {
    file,
    id: data.id ?? null,
    title: data.title ?? null,
    machine: machine!,
    release_name: data.release,
    release,
    fixed: [...new Set(fixed)],
    failure: data.failure,
    why: data.why ?? null,
    interleaved: interleaved ?? null,
    steps,
    lines: steps.map((_, i) => yaml.lineOf(['steps', i])),
  };
}

type Members = Readonly<Record<string, unknown>>;

const membersOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null ? (value as Members) : {};

/** Those members of a file with faults that are right by themselves: they may have faults that the schema does not see. */
function soundPart(given: Members): ScenarioFile {
  const parts = Object.entries(scenarioSchema.shape).flatMap(([key, schema]) => {
    const part = schema.safeParse(given[key]);
    return part.success && part.data !== undefined ? [[key, part.data] as const] : [];
  });
  return { steps: [], ...Object.fromEntries(parts) } as unknown as ScenarioFile;
}
