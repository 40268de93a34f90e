import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The possible names of clang, newest first. */
const CLANGS = ['clang', ...[22, 21, 20, 19, 18, 17].map((n) => `clang-${n}`)];

/** A clang that reads IR with opaque pointers; null if there is none. */
export function findClang(): string | null {
  for (const clang of CLANGS) {
    const { stdout, status } = spawnSync(clang, ['--version'], { encoding: 'utf8' });
    const major = Number(/clang version (\d+)/.exec(stdout ?? '')?.[1] ?? 0);
    if (status === 0 && major >= 17) return clang;
  }
  return null;
}

/** The native results of functions `i64 f(i64, i64)` of a module in IR: one row per function, one column per input. */
export function nativeResults(
  clang: string,
  ir: string,
  functions: readonly string[],
  pairs: readonly (readonly [bigint, bigint])[],
): bigint[][] {
  const folder = mkdtempSync(join(tmpdir(), 'mhp-ir-'));
  try {
    const file = (name: string): string => join(folder, name);
    writeFileSync(file('ops.ll'), ir);
    const declared = functions.map((f) => `unsigned long ${f}(unsigned long, unsigned long);`);
    const table = functions.map((f) => `${f},`).join('\n');
    const values = pairs.map(([a, b]) => `{${a}UL,${b}UL},`).join('\n');
    writeFileSync(
      file('main.c'),
      `#include <stdio.h>\n${declared.join('\n')}\nstatic unsigned long (*fs[])(unsigned long, unsigned long) = {${table}};\n` +
        `static unsigned long in[][2] = {${values}};\n` +
        'int main(void) { for (int i = 0; i < (int)(sizeof fs / sizeof *fs); i++) {\n' +
        'for (int j = 0; j < (int)(sizeof in / sizeof *in); j++) printf("%lu ", fs[i](in[j][0], in[j][1])); puts(""); } }\n',
    );
    const build = spawnSync(clang, ['-O0', '-w', 'ops.ll', 'main.c', '-o', 'ops'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (build.status !== 0) throw new Error(build.stderr);
    const run = spawnSync(file('ops'), { encoding: 'utf8', maxBuffer: 2 ** 26 });
    if (run.status !== 0) throw new Error(`status ${run.status}`);
    return run.stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(' ').map(BigInt));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Text of a committed fixture. */
export const fixture = (name: string): string =>
  readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
