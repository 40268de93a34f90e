import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../bench/', import.meta.url);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));

const imports = files.flatMap((file) =>
  [...readFileSync(new URL(file, root), 'utf8').matchAll(/import \{([^}]*)\} from '(\.[^']*)'/g)].map(
    ([, names, from]) => [file, from!, names!.split(',').map((name) => name.trim())] as const,
  ),
);

test.each(imports)('what %s imports from %s is there', async (file, from, names) => {
  const module = (await import(new URL(from, new URL(file, root)).href)) as Record<string, unknown>;
  expect(names.filter((name) => !(name in module))).toEqual([]);
});
