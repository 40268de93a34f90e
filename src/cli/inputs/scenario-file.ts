import { parseScenario, type Scenario } from '../../scenarios/format/read.ts';
import type { NearestFlag } from './named-release.ts';
import { readText } from './text-file.ts';

/** Reads a scenario. @throws InputError */
export const readScenario = (file: string, flags: NearestFlag, text = readText(file)): Scenario =>
  parseScenario(text, file, flags);
