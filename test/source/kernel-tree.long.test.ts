import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadBundle } from '../../src/cli/kbuild/bundle-file.ts';
import { conform } from '../../src/conform/replay-recording.ts';
import { openRecording } from '../../src/machines/recording/open-recording.ts';
import { compareRandom } from '../../src/source/compare/compare.ts';
import { bootFor, sourceReleaseFor } from '../../src/source/compare/machine.ts';
import { SourceProgram } from '../../src/source/program.ts';

/**
 * The model against a kernel's own C. Its IR is never here: MHP_BUNDLE names a bundle that `mhp ir` has made. Without
 * it the tests are skipped, and say so.
 */
const file = process.env.MHP_BUNDLE;
const asked = test.skipIf(!file);

/** Bundles beside the first: of x86-64, and with C of our own in place of functions of the tree. */
const beside = (name: string): string => file?.replace(/\.ir$/, `-${name}.ir`) ?? '';

/** Random operations on a bundle whose kernel boots with these options. */
function disagreements(path: string, options: string): unknown {
  const bundle = loadBundle(path);
  const result = compareRandom(bootFor(bundle, options), new SourceProgram(bundle), {
    operations: 500,
    seed: 3,
    most: 3,
  });
  expect(result.functions.memremap_pages).toBeGreaterThan(0);
  expect(result.functions.memunmap_pages).toBeGreaterThan(0);
  return result.disagreements;
}

asked.each(['rodata=off', ''])('MHP_BUNDLE: random operations agree, boot options "%s"', (options) => {
  expect(disagreements(file!, options)).toEqual([]);
});

test.skipIf(!existsSync(beside('x86_64')))('the bundle of x86-64 beside it: random operations agree', () => {
  expect(disagreements(beside('x86_64'), '')).toEqual([]);
});

asked('MHP_BUNDLE: the page tables of a recording are those that the C makes', async () => {
  const program = new SourceProgram(loadBundle(file!));
  const recording = await openRecording('recordings/arm64-6.1-split-rooff61.tar.xz');
  const report = conform(recording, sourceReleaseFor(recording.ops.kernel, program));
  expect(report.steps.flatMap(({ differences }) => differences)).toEqual([]);
  expect(program.ran.get('unmap_hotplug_pmd_range')).toBeGreaterThan(0);
  // memory goes online
  expect(program.ran.get('resize_zone_range')).toBeGreaterThan(0);
});

asked('MHP_BUNDLE: the command prints the same figure', () => {
  const out = execFileSync(
    'node',
    ['dist/cli/main.js', 'compare', '--source', file!, '--operations', '50', '--boot-options', 'rodata=off'],
    { encoding: 'utf8' },
  );
  expect(out.split('\n')[0]).toMatch(/50 of 50 operations agree$/);
});

test.skipIf(!existsSync(beside('v5'))).each([
  ['v5', 'B10', 1],
  ['v5', 'B12', 1],
  ['v6', 'B10', 0],
  ['v6', 'B12', 0],
])('the bundle beside MHP_BUNDLE: %s of the removal in C, %s', (version, id, status) => {
  const { status: exit, stdout } = spawnSync(
    'node',
    ['dist/cli/main.js', 'check', id, '--source', beside(version), '--brief'],
    { encoding: 'utf8' },
  );
  expect(stdout).toMatch(status === 1 ? /: found \(clean was expected\), / : /: clean \(/);
  expect(stdout).toContain(version === 'v5' ? 'remove_pmd_table' : 'unmap_hotplug_pmd_range');
  // 6.1 itself is clean
  expect(exit).toBe(status);
});

const underPfnValid = 'test/source/sections/usage-freed-under-pfn-valid.yaml';

test.skipIf(!existsSync(beside('freed'))).each([
  ['', 0, /: clean \(/],
  ['freed', 1, /use-after-free: read of the usage of section 64, which is free/],
])('a section goes under pfn_valid(), in C: bundle "%s"', (name, status, told) => {
  const { status: exit, stdout } = spawnSync(
    'node',
    ['dist/cli/main.js', 'check', underPfnValid, '--source', name === '' ? file! : beside(name), '--brief'],
    { encoding: 'utf8' },
  );
  expect(stdout).toMatch(told);
  expect(stdout).toMatch(/C that took steps: .*pfn_section_valid.*section_deactivate/);
  expect(exit).toBe(status);
});
