import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url).pathname;
export const SERVED = `${ROOT}ui/dist/served`;
export const SINGLE = `${ROOT}ui/dist/single/lab.html`;

/** Builds the lab unless that has been done; `again`: in any case. */
export function buildLab(again = false): void {
  if (!again && existsSync(`${SERVED}/index.html`) && existsSync(SINGLE)) return;
  const build = spawnSync('npm', ['run', 'build:ui'], { cwd: ROOT, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(build.stdout + build.stderr);
}
