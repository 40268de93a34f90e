import { readdirSync, readFileSync } from 'node:fs';
import { mergeConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import quick, { LONG } from './vitest.config.ts';

/** Tests that make more random cases here (test/cases.ts). */
const random = ['src', 'test'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`)
    .filter((file) => /from '[./]+\/(test\/)?cases\.ts'/.test(readFileSync(file, 'utf8'))),
);

/** The longest files, which begin first: one that begins last would run alone. */
const LONGEST = ['qemu', 'lab.long', 'designs-pages', 'walk.test', 'vocabulary', 'adversary', 'deltas', 'designs-doc'];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = LONGEST.findIndex((name) => moduleId.includes(`/${name}`));
  return at < 0 ? LONGEST.length : at;
};

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

const config = mergeConfig(quick, { test: { env: { MHP_MANY_CASES: '1' }, testTimeout: 300_000 } });
config.test.include = [...LONG, ...random];
config.test.exclude = [];
config.test.sequence = { sequencer: LongestFirst };

export default config;
