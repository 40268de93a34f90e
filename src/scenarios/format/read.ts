import { InputError, quote } from '../../errors/input-error.ts';
import type { Machine } from '../../machines/machine.ts';
import { machineOfFile } from '../../machines/machine-file/machine-file.ts';
import { machineFileSchema } from '../../machines/machine-file/machine-schema.ts';
import { releaseRange } from '../../machines/text/release-range.ts';
import { parseYamlText, type YamlText } from '../../machines/text/yaml-text.ts';
import { placeOf } from '../../machines/text/zod-place.ts';
import { findRelease, mainline, type Release } from '../../releases/index.ts';
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

const place = (yaml: YamlText, path: readonly PropertyKey[]): string => {
  const line = yaml.lineOf(path);
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return [line === undefined ? '' : `line ${line}`, text.replace(/^\./, '')]
    .filter((part) => part !== '')
    .join(' ');
};

const MAINLINE = mainline.map(({ name }) => name);

/**
 * Parse a scenario (YAML by schemas/scenario.schema.json).
 * @throws InputError naming line and key
 */
export function parseScenario(text: string, file: string): Scenario {
  const yaml = parseYamlText(text, file);
  const parsed = scenarioSchema.safeParse(yaml.value);
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path ?? [];
    throw new InputError(file, place(yaml, path), placeOf(parsed.error).what);
  }
  const data = parsed.data;
  const releaseOf = (name: string, path: readonly PropertyKey[]): Release => {
    const release = findRelease(name);
    if (!release) throw new InputError(file, place(yaml, path), `${quote(name)} is not a modelled release`);
    return release;
  };
  const releasesOf = (text: string, path: readonly PropertyKey[]): Release[] => {
    const names = releaseRange(text, MAINLINE) ?? [text];
    if ('wrong' in names) throw new InputError(file, place(yaml, path), names.wrong);
    return names.map((name) => releaseOf(name, path));
  };
  const steps = data.steps.map((value, i) => {
    const step = parseStep(value);
    if ('what' in step) throw new InputError(file, place(yaml, ['steps', i, ...step.path]), step.what);
    return step.step;
  });
  const interleaved = readInterleaved(data, (path, what) => new InputError(file, place(yaml, path), what));
  if (interleaved === null && steps.length === 0)
    throw new InputError(file, '', 'has neither steps nor threads: there is nothing to do');
  const machineYaml: YamlText = { value: data.machine, lineOf: (path) => yaml.lineOf(['machine', ...path]) };
  const described = typeof data.machine === 'string' ? null : machineFileSchema.safeParse(data.machine);
  if (described?.error) {
    const path = ['machine', ...(described.error.issues[0]?.path ?? [])];
    throw new InputError(file, place(yaml, path), placeOf(described.error).what);
  }
  return {
    file,
    id: data.id ?? null,
    title: data.title ?? null,
    machine: described ? machineOfFile(described.data, machineYaml, file) : (data.machine as string),
    release_name: data.release,
    release: data.release === undefined ? null : releaseOf(data.release, ['release']),
    fixed: [...new Set((data.fixed ?? []).flatMap((text, i) => releasesOf(text, ['fixed', i])))],
    failure: data.failure,
    why: data.why ?? null,
    interleaved,
    steps,
    lines: steps.map((_, i) => yaml.lineOf(['steps', i])),
  };
}
