import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** The output of `mhp check --design` for a module with this text, in a folder of its own. */
export function checkDesign(folder: string, text: string, { args = ['B30'], name = 'mine.js' } = {}) {
  const file = join(folder, name);
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, 'check', '--design', file, '--json', ...args],
    { encoding: 'utf8' },
  );
  const results =
    stdout === ''
      ? []
      : (JSON.parse(stdout).results as {
          id: string;
          verdict: string;
          reason: string;
          token: string | null;
        }[]);
  return { status, results, stderr: stderr.replaceAll(folder, 'FOLDER') };
}

/** A design on V5 with this body of remove_pagetable. */
export const removing = (body: string, before = '') => `
import { change, defineRelease, lock, look, R, unlock, W } from 'mhp';
${before}
export default defineRelease({ base: 'arm64-v5', mm: (base) => ({
  *remove_pagetable(start, end, sparse_vmap) { ${body} },
}) });
`;
