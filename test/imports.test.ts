import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { circles } from './circles.ts';

/** The folders from which each folder may import besides itself, from the lowest layer up. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  geometry: ['errors'],
  steps: [],
  messages: [],
  hardware: ['geometry'],
  kernel: ['errors', 'geometry', 'hardware', 'steps'],
  runs: ['geometry', 'hardware', 'kernel', 'steps'],
  releases: ['errors', 'geometry', 'hardware', 'kernel', 'steps'],
  schedule: ['errors', 'steps'],
  monitors: ['geometry', 'hardware', 'kernel', 'schedule', 'steps'],
  machines: ['errors', 'geometry', 'hardware', 'steps'],
  boot: ['errors', 'geometry', 'hardware', 'kernel', 'machines', 'releases', 'runs', 'schedule', 'steps'],
  ir: [],
  source: ['errors', 'geometry', 'hardware', 'ir', 'kernel', 'releases', 'steps'],
  'source/compare': [
    'boot',
    'geometry',
    'hardware',
    'interleave',
    'kernel',
    'machines',
    'releases',
    'schedule',
    'source',
    'steps',
  ],
  litmus: ['errors', 'geometry', 'hardware', 'machines', 'schedule', 'steps'],
  interleave: ['boot', 'errors', 'geometry', 'hardware', 'kernel', 'schedule', 'steps'],
  scenarios: [
    'boot',
    'errors',
    'geometry',
    'interleave',
    'kernel',
    'machines',
    'monitors',
    'releases',
    'schedule',
    'steps',
  ],
  // a folder with its own layers, one line each
  memmap: ['memmap/boot', 'memmap/releases', 'memmap/scenarios'],
  'memmap/kernel': ['geometry', 'hardware', 'kernel', 'steps'],
  'memmap/releases': ['memmap/kernel', 'releases', 'steps'],
  'memmap/boot': [
    'boot',
    'errors',
    'geometry',
    'kernel',
    'memmap/kernel',
    'memmap/releases',
    'releases',
    'schedule',
    'steps',
  ],
  'memmap/scenarios': [
    'errors',
    'kernel',
    'machines',
    'memmap/boot',
    'memmap/kernel',
    'memmap/releases',
    'schedule',
    'steps',
  ],
  'memmap/report': ['memmap/scenarios'],
  conform: [
    'boot',
    'errors',
    'geometry',
    'hardware',
    'kernel',
    'machines',
    'messages',
    'releases',
    'scenarios',
    'schedule',
  ],
  check: [
    'boot',
    'errors',
    'geometry',
    'hardware',
    'interleave',
    'kernel',
    'machines',
    'memmap',
    'monitors',
    'releases',
    'scenarios',
    'schedule',
    'steps',
  ],
  record: ['errors', 'geometry', 'machines', 'scenarios'],
  report: [
    'answers',
    'check',
    'conform',
    'geometry',
    'hardware',
    'interleave',
    'kernel',
    'machines',
    'memmap',
    'monitors',
    'record',
    'scenarios',
    'schedule',
    'source',
    'steps',
  ],
  answers: [
    'boot',
    'errors',
    'geometry',
    'interleave',
    'kernel',
    'machines',
    'messages',
    'releases',
    'scenarios',
    'steps',
  ],
  cli: [
    '', // index.ts and explorer.ts, which designs import by name
    'answers',
    'boot',
    'check',
    'conform',
    'errors',
    'geometry',
    'hardware',
    'litmus',
    'machines',
    'memmap',
    'monitors',
    'record',
    'releases',
    'report',
    'scenarios',
    'schedule',
    'source',
    'steps',
  ],
};
const WITH_NODE = new Set(['machines', 'record', 'cli']);

const root = new URL('../src/', import.meta.url).pathname;
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name.includes('/'),
);

const imports = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s+'([^']+)'/g)].map((m) => m[1]!);

/** The listed folder of a file, by the longest matching name: `memmap/kernel`, or `kernel`. */
const folderOf = (file: string): string =>
  Object.keys(MAY_IMPORT)
    .filter((folder) => file.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0] ?? file.split('/').slice(0, -1).join('/');

const resolved = (file: string, specifier: string): string =>
  relative(root, join(root, dirname(file), specifier));

test('there are sources in every folder of the layout', () => {
  const folders = new Set(sources.map(folderOf));
  expect([...folders].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

test.each(sources)('%s imports only what its folder may', (file) => {
  const folder = folderOf(file);
  for (const specifier of imports(file)) {
    if (specifier.startsWith('node:')) {
      expect(WITH_NODE.has(folder), `${file} imports ${specifier}`).toBe(true);
    } else if (specifier.startsWith('.')) {
      const target = folderOf(resolved(file, specifier));
      const allowed = [folder, ...(MAY_IMPORT[folder] ?? [])].some(
        (name) => name === target || target.startsWith(`${name}/`),
      );
      expect(allowed, `${file} imports ${specifier}`).toBe(true);
    }
  }
});

test('circles are found: of two files, of a file that imports itself, of more behind others', () => {
  const of = (files: Readonly<Record<string, readonly string[]>>): string[][] =>
    circles(new Map(Object.entries(files)));
  expect(of({ a: ['b', 'c'], b: ['c'], c: ['d'] })).toEqual([]);
  expect(of({ a: ['b'], b: ['a'] })).toEqual([['a', 'b']]);
  expect(of({ a: ['a'] })).toEqual([['a']]);
  expect(of({ a: ['b', 'e'], b: ['c'], c: ['d'], d: ['b'], e: ['d'] })).toEqual([['b', 'c', 'd']]);
});

test('no file imports itself by way of others: also not for types alone, and not when it is needed', () => {
  const all = ['src', 'ui/src'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('.test.ts'))
      .map((name) => join(folder, name)),
  );
  const imported = all.map((file) => {
    const text = readFileSync(file, 'utf8');
    return [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'(\.[^']+)'/g)].map(([, to]) =>
      join(dirname(file), to!),
    );
  });
  const graph = new Map(all.map((file, i) => [file, imported[i]!]));
  // a type, and a module that is loaded when it is needed
  expect(graph.get('src/source/functions.ts')).toContain('src/source/run.ts');
  expect(graph.get('src/cli/command-table.ts')).toContain('src/cli/commands/program/man.ts');
  expect(circles(graph)).toEqual([]);
});

/** What runs in the lab's worker; it imports the rest of it when it needs it. */
const IN_BROWSER = [
  'tasks',
  'run-text',
  'memmap-real',
  'explore',
  'dropped',
  'recorded-run',
  'own-program',
  'design',
].map((name) => `../ui/src/worker/${name}.ts`);

/** The files that an entry reaches by imports, without type-only imports. */
function reached(entry: string): Set<string> {
  const seen = new Set<string>();
  const todo = [entry];
  while (todo.length) {
    const file = todo.pop()!;
    if (seen.has(file)) continue;
    seen.add(file);
    if (!file.endsWith('.ts') || file.startsWith('node:')) continue;
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, type, specifier] of text.matchAll(/(?:import|export) (type )?[^;]*?from '([^']+)'/g)) {
      if (type) continue;
      todo.push(specifier!.startsWith('.') ? resolved(file, specifier!) : specifier!);
    }
  }
  return seen;
}

/** The code of a file, without comments. */
const codeOf = (file: string): string =>
  readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

const GLOBALS_OF_NODE = /(?<![.\w'])(Buffer|process|require|__dirname)\b(?=[.([])/;

test.each(['index.ts', 'explorer.ts', ...IN_BROWSER])('%s reaches nothing of Node', (entry) => {
  const files = [...reached(entry)];
  expect(files.length).toBeGreaterThan(entry.startsWith('.') ? 5 : 20);
  expect(files.filter((file) => file.startsWith('node:'))).toEqual([]);
  const own = files.filter((file) => file.endsWith('.ts'));
  expect(own.filter((file) => GLOBALS_OF_NODE.test(codeOf(file)))).toEqual([]);
});

test('the explorer knows nothing of memory hotplug', () => {
  expect(
    [...reached('explorer.ts')].filter((file) => /^(kernel|releases|boot|scenarios|machines)\//.test(file)),
  ).toEqual([]);
});

/** Folders that access page tables only through include/linux/pgtable.ts. */
const ANY_ARCH =
  /^(kernel\/(mm|lib|drivers|fs|kernel|virt|include)|monitors|interleave|report|check|conform|scenarios|boot)\//;
const ARM64 = /(^|\/)arm64\//;

test.each(sources.filter((file) => ANY_ARCH.test(file) && !ARM64.test(file)))(
  '%s imports nothing of arch/arm64',
  (file) => {
    expect(
      imports(file)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolved(file, specifier))
        .filter((target) => target.startsWith('kernel/arch/arm64/')),
    ).toEqual([]);
  },
);

test('nothing but boot knows of batch forms', () => {
  const knowing = sources.filter((file) =>
    imports(file).some((specifier) => specifier.startsWith('.') && /^runs\//.test(resolved(file, specifier))),
  );
  expect(knowing.filter((file) => !file.startsWith('runs/'))).toEqual(['boot/boot.ts']);
});
