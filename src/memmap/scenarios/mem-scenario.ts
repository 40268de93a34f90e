import { Faults } from '../../machines/text/faults.ts';
import { releaseRange } from '../../machines/text/release-range.ts';
import { parseYamlText } from '../../machines/text/yaml-text.ts';
import { IN_WORDS } from '../../machines/text/zod-place.ts';
import type { MemMachine } from '../boot/mem-machine.ts';
import { findMemRelease, type MemRelease, memMainline, memReleases } from '../releases/mem-releases.ts';
import {
  type MemScenarioFile,
  type MemStep,
  machineOfFile,
  memScenarioSchema,
  parseMemStep,
} from './mem-schema.ts';

/** A scenario of struct pages as in its file. */
export interface MemScenario {
  readonly file: string;
  readonly id: string | null;
  readonly title: string | null;
  readonly machine: MemMachine;
  readonly release: MemRelease;
  readonly fixed: readonly MemRelease[];
  readonly failure: MemScenarioFile['failure'];
  readonly why: string | null;
  readonly steps: readonly MemStep[];
}

export { isMemScenario } from './is-mem-scenario.ts';

const MAINLINE = memMainline.map(({ name }) => name);

/**
 * Parse such a scenario (YAML by schemas/memmap-scenario.schema.json).
 * @throws InputError naming line and key of each fault
 */
export function parseMemScenario(text: string, file: string): MemScenario {
  const yaml = parseYamlText(text, file);
  const faults = new Faults(yaml, file);
  const parsed = memScenarioSchema.safeParse(yaml.value, IN_WORDS);
  if (!parsed.success) {
    faults.addIssues(parsed.error);
    throw faults.error()!;
  }
  const { data } = parsed;
  const releaseOf = (name: string, path: readonly PropertyKey[]): MemRelease[] => {
    const release = findMemRelease(name);
    if (release) return [release];
    faults.add(path, notARelease(name));
    return [];
  };
  const releasesOf = (text: string, path: readonly PropertyKey[]): MemRelease[] => {
    const names = releaseRange(text, MAINLINE) ?? [text];
    if (!('wrong' in names)) return names.flatMap((name) => releaseOf(name, path));
    faults.add(path, names.wrong);
    return [];
  };
  const [release] = releaseOf(data.release, ['release']);
  const fixed = (data.fixed ?? []).flatMap((text, i) => releasesOf(text, ['fixed', i]));
  const steps = data.steps.flatMap((value, i) => {
    const step = parseMemStep(value);
    if ('step' in step) return [step.step];
    faults.add(['steps', i, ...step.path], step.what);
    return [];
  });
  const error = faults.error();
  if (error) throw error;
  return {
    file,
    id: data.id ?? null,
    title: data.title ?? null,
    machine: machineOfFile(data.memory),
    release: release!,
    fixed: [...new Set(fixed)],
    failure: data.failure,
    why: data.why ?? null,
    steps,
  };
}

export const notARelease = (name: string): string =>
  `${JSON.stringify(name)} is not a release for struct pages; there are ${[...memReleases.keys()].join(', ')}`;
