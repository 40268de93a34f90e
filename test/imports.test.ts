import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** What each folder may import beside itself: the layout of the house, from the ground up. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  geometry: [],
  steps: [],
  hardware: ['geometry'],
  kernel: ['geometry', 'hardware', 'steps'],
  releases: ['geometry', 'hardware', 'kernel', 'steps'],
  schedule: ['steps'],
  monitors: ['geometry', 'hardware', 'kernel', 'schedule', 'steps'],
  machines: ['geometry', 'hardware', 'steps'],
  boot: ['geometry', 'hardware', 'kernel', 'releases', 'machines', 'schedule', 'steps'],
  litmus: ['geometry', 'hardware', 'machines', 'schedule', 'steps'],
  interleave: ['geometry', 'boot', 'hardware', 'kernel', 'schedule', 'steps'],
  scenarios: [
    'boot',
    'geometry',
    'interleave',
    'kernel',
    'machines',
    'monitors',
    'releases',
    'schedule',
    'steps',
  ],
  conform: ['boot', 'geometry', 'hardware', 'kernel', 'machines', 'releases', 'scenarios', 'schedule'],
  check: [
    'boot',
    'geometry',
    'hardware',
    'interleave',
    'kernel',
    'machines',
    'monitors',
    'releases',
    'scenarios',
    'schedule',
    'steps',
  ],
  report: [
    'check',
    'conform',
    'geometry',
    'hardware',
    'interleave',
    'kernel',
    'machines',
    'monitors',
    'scenarios',
    'schedule',
    'steps',
  ],
  cli: [
    'boot',
    'check',
    'conform',
    'geometry',
    'hardware',
    'litmus',
    'machines',
    'monitors',
    'releases',
    'report',
    'scenarios',
    'schedule',
    'steps',
  ],
};
const WITH_NODE = new Set(['machines', 'cli']);

const root = new URL('../src/', import.meta.url).pathname;
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name.includes('/'),
);

const imports = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s+'([^']+)'/g)].map((m) => m[1]!);

const resolved = (file: string, specifier: string): string =>
  relative(root, join(root, dirname(file), specifier));

test('there are sources in every folder of the layout', () => {
  const folders = new Set(sources.map((file) => file.split('/')[0]));
  expect([...folders].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

test.each(sources)('%s imports only what its folder may', (file) => {
  const folder = file.split('/')[0]!;
  for (const specifier of imports(file)) {
    if (specifier.startsWith('node:')) {
      expect(WITH_NODE.has(folder), `${file} imports ${specifier}`).toBe(true);
    } else if (specifier.startsWith('.')) {
      const target = resolved(file, specifier).split('/')[0]!;
      const allowed = target === folder || (MAY_IMPORT[folder] ?? []).includes(target);
      expect(allowed, `${file} imports ${specifier}`).toBe(true);
    }
  }
});

/** Files an entry reaches by imports that are not of types alone. */
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

test.each(['index.ts', 'explorer.ts'])('the library entry %s reaches no node: module', (entry) => {
  const files = [...reached(entry)];
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => file.startsWith('node:'))).toEqual([]);
});

test('the explorer knows nothing of memory hotplug', () => {
  expect(
    [...reached('explorer.ts')].filter((file) => /^(kernel|releases|boot|scenarios|machines)\//.test(file)),
  ).toEqual([]);
});
