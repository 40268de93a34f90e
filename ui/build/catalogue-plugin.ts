import { readdirSync, readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { readEntry } from '../../src/check/entry.ts';
import { isMemScenario } from '../../src/memmap/scenarios/is-mem-scenario.ts';

/** What the lab knows of an entry before the model runs. */
export interface EntryHead {
  readonly id: string;
  readonly title: string;
  readonly why: string | null;
  readonly file: string;
  readonly kind: 'threads' | 'steps' | 'memmap';
  readonly arch: string;
  readonly release: string;
  readonly fixed: readonly string[];
  readonly fails: boolean;
}

const ROOT = new URL('../../', import.meta.url);

const texts = (folder: string, wanted: RegExp): (readonly [string, string])[] =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => wanted.test(name))
    .sort()
    .map((name) => [`${folder}${name}`, readFileSync(new URL(folder + name, ROOT), 'utf8')] as const);

const isEntry = (text: string): boolean => /^id: *\S/m.test(text);

function heads(scenarios: readonly (readonly [string, string])[]): EntryHead[] {
  return scenarios
    .filter(([, text]) => isEntry(text))
    .map(([file, text]) => {
      const entry = readEntry(text, file);
      const { id, title, why, kind, release, fixed, failure } = entry;
      const { arch } = entry.scenario.machine;
      return { id, title, why, file, kind, arch, release, fixed, fails: failure !== null };
    })
    .sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
}

/**
 * The modules `virtual:heads` (the entries of the catalogue, without their texts), `virtual:texts` (scenarios by file),
 * `virtual:designs` and `virtual:programs` (examples by file).
 */
export function cataloguePlugin(): Plugin {
  const all = texts('scenarios/', /\.yaml$/);
  // scenarios that name a machine in another file cannot be read in a browser
  const own = all.filter(([, text]) => isMemScenario(text) || !/^machine: *[\w./]+$/m.test(text));
  const modules: Readonly<Record<string, () => unknown>> = {
    'virtual:heads': () => heads(own),
    'virtual:texts': () => Object.fromEntries(own),
    'virtual:designs': () => Object.fromEntries(texts('examples/designs/', /\.js$/)),
    'virtual:programs': () => Object.fromEntries(texts('examples/explorer/', /\.js$/)),
  };
  return {
    name: 'mhp-catalogue',
    resolveId: (id) => (Object.hasOwn(modules, id) ? `\0${id}` : undefined),
    load: (id) => {
      const make = id.startsWith('\0virtual:') ? modules[id.slice(1)] : undefined;
      return make && `export default JSON.parse(${JSON.stringify(JSON.stringify(make()))})`;
    },
  };
}
