import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../', import.meta.url).pathname;

/** Builds dist/ once for all tests that start the program, unless it is newer than every source that it is made of. */
export default function setup(): void {
  const src = join(root, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((name) => /\.(ts|json|yaml)$/.test(name) && !name.endsWith('.test.ts'));
  const newest = Math.max(...sources.map((name) => statSync(join(src, name)).mtimeMs));
  const built = statSync(join(root, 'dist/cli/main.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > newest) return;
  const build = spawnSync('npm', ['run', 'build'], { cwd: root, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(build.stdout + build.stderr);
}
