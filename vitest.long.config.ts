import { readdirSync, readFileSync } from 'node:fs';
import { mergeConfig } from 'vitest/config';
import quick, { LONG } from './vitest.config.ts';

/** Tests that make more random cases here (test/cases.ts). */
const random = ['src', 'test'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`)
    .filter((file) => /from '[./]+\/(test\/)?cases\.ts'/.test(readFileSync(file, 'utf8'))),
);

const config = mergeConfig(quick, { test: { env: { MHP_MANY_CASES: '1' } } });
config.test.include = [...LONG, ...random];
config.test.exclude = [];

export default config;
