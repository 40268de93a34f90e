import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** What each folder may import beside itself: the layout of the house, from the ground up. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  geometry: [],
  steps: [],
  hardware: ['geometry'],
  kernel: ['geometry', 'hardware', 'steps'],
  releases: ['kernel', 'steps'],
  schedule: ['steps'],
  monitors: ['kernel', 'schedule', 'steps'],
  machines: ['geometry', 'steps'],
  boot: ['geometry', 'hardware', 'kernel', 'releases', 'machines'],
  scenarios: ['boot', 'kernel', 'machines', 'monitors', 'releases', 'schedule', 'steps'],
  conform: ['boot', 'kernel', 'machines', 'releases', 'scenarios', 'schedule'],
  report: ['conform', 'machines', 'monitors', 'scenarios', 'schedule', 'steps'],
  cli: ['boot', 'conform', 'machines', 'monitors', 'releases', 'report', 'scenarios', 'schedule', 'steps'],
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

test('the library entry reaches no node: module', () => {
  const seen = new Set<string>();
  const todo = ['index.ts'];
  while (todo.length) {
    const file = todo.pop()!;
    if (seen.has(file)) continue;
    seen.add(file);
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, type, specifier] of text.matchAll(/(?:import|export) (type )?[^;]*?from '([^']+)'/g)) {
      if (type) continue;
      expect(specifier!.startsWith('node:'), `${file} imports ${specifier}`).toBe(false);
      if (specifier!.startsWith('.')) todo.push(resolved(file, specifier!));
    }
  }
  expect(seen.size).toBeGreaterThan(50);
});
