import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether Spin and a C compiler are installed. */
export function hasSpin() {
  return ['spin', 'gcc'].every((tool) => spawnSync(tool, ['-V'], { stdio: 'ignore' }).error === undefined);
}

/**
 * Run a Promela model to its end or first error. `flags` go to the C compiler, `defines` to the model.
 * @param {URL} model
 * @param {string[]} defines
 * @param {string[]} flags
 */
export function runSpin(model, defines, flags) {
  const dir = mkdtempSync(join(tmpdir(), 'mhp-spin-'));
  try {
    copyFileSync(model, join(dir, 'model.pml'));
    const run = (tool, args) => execFileSync(tool, args, { cwd: dir, encoding: 'utf8', stdio: 'pipe' });
    run('spin', ['-a', ...defines, 'model.pml']);
    run('gcc', ['-O2', '-DSAFETY', '-DMEMLIM=4000', ...flags, '-o', 'pan', 'pan.c']);
    const began = performance.now();
    const text = run('./pan', ['-m100000', '-w24']);
    const seconds = (performance.now() - began) / 1000;
    const number = (pattern) => Number(text.match(pattern)?.[1] ?? 'NaN');
    return {
      states: number(/([\d.e+]+) states, stored/),
      errors: number(/errors: (\d+)/),
      depth: number(/depth reached (\d+)/),
      megabytes: number(/([\d.]+)\s+total actual memory usage/),
      seconds,
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
