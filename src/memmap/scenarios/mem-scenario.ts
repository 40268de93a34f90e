import { InputError } from '../../errors/input-error.ts';
import { releaseRange } from '../../machines/text/release-range.ts';
import { parseYamlText } from '../../machines/text/yaml-text.ts';
import { placeOf } from '../../machines/text/zod-place.ts';
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

const MAINLINE = memMainline.map(({ name }) => name);

/** Whether a text is such a scenario: it has `memory` where others have `machine`. */
export const isMemScenario = (text: string): boolean => /^memory:/m.test(text);

/**
 * Parse such a scenario (YAML by schemas/memmap-scenario.schema.json).
 * @throws InputError naming line and key
 */
export function parseMemScenario(text: string, file: string): MemScenario {
  const yaml = parseYamlText(text, file);
  const place = (path: readonly PropertyKey[]): string => {
    const line = yaml.lineOf(path);
    const key = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
    return [line === undefined ? '' : `line ${line}`, key.replace(/^\./, '')]
      .filter((s) => s !== '')
      .join(' ');
  };
  const parsed = memScenarioSchema.safeParse(yaml.value);
  if (!parsed.success)
    throw new InputError(file, place(parsed.error.issues[0]?.path ?? []), placeOf(parsed.error).what);
  const { data } = parsed;
  const releaseOf = (name: string, path: readonly PropertyKey[]): MemRelease => {
    const release = findMemRelease(name);
    if (!release) throw new InputError(file, place(path), notARelease(name));
    return release;
  };
  const releasesOf = (text: string, path: readonly PropertyKey[]): MemRelease[] => {
    const names = releaseRange(text, MAINLINE) ?? [text];
    if ('wrong' in names) throw new InputError(file, place(path), names.wrong);
    return names.map((name) => releaseOf(name, path));
  };
  return {
    file,
    id: data.id ?? null,
    title: data.title ?? null,
    machine: machineOfFile(data.memory),
    release: releaseOf(data.release, ['release']),
    fixed: [...new Set((data.fixed ?? []).flatMap((text, i) => releasesOf(text, ['fixed', i])))],
    failure: data.failure,
    why: data.why ?? null,
    steps: data.steps.map((value, i) => {
      const step = parseMemStep(value);
      if ('what' in step) throw new InputError(file, place(['steps', i, ...step.path]), step.what);
      return step.step;
    }),
  };
}

export const notARelease = (name: string): string =>
  `${JSON.stringify(name)} is not a release for struct pages; there are ${[...memReleases.keys()].join(', ')}`;
