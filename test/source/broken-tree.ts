import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { type Edit, edited } from './edit.ts';

/**
 * Whether mhp notices that a kernel is broken: `npx tsx test/source/broken-tree.ts --source linux-6.1.192 --work DIR`.
 * The edits of edits.yaml (--arch x86_64: edits-x86.yaml) are made one by one in a copy of the tree below DIR; for each a bundle is built and compared,
 * and checked if that sees nothing. Prints a table. The tree itself is only read; no line of it is printed.
 */

const { values } = parseArgs({
  options: {
    source: { type: 'string' },
    work: { type: 'string' },
    arch: { type: 'string', default: 'arm64' },
    operations: { type: 'string', default: '300' },
    only: { type: 'string' },
  },
});
const { source = '', work = '', arch, operations = '' } = values;
if (!source || !work)
  throw new Error(
    'usage: broken-tree.ts --source TREE --work DIR [--arch x86_64] [--operations N] [--only NR,…]',
  );

/** Entries in which threads walk tables that the kernel's functions take away. */
const ENTRIES =
  arch === 'arm64'
    ? ['B10', 'B11', 'B12', 'B17', 'B19', 'B20', 'B24', 'B25a', 'B25b', 'B42']
    : ['B10b', 'B14b', 'B16b', 'B17b', 'B24b', 'B22b', 'B25c', 'B25d'];
const EDITS = arch === 'arm64' ? 'edits.yaml' : 'edits-x86.yaml';
/** Blocks in the linear map. */
const BOOT_OPTIONS = arch === 'arm64' ? ['--boot-options', 'rodata=off'] : [];

const mhp = (...args: readonly string[]) =>
  spawnSync('node', ['dist/cli/main.js', ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 });

const tree = join(work, 'tree');
const bundle = join(work, 'broken.ir');
if (!existsSync(tree)) {
  mkdirSync(work, { recursive: true });
  const { status, stderr } = spawnSync('cp', ['-a', '--reflink=auto', source, tree], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** The number of the first operation that differs, or what stopped the run; empty if all agree. */
function compared(): string {
  const { status, stdout, stderr } = mhp(
    'compare',
    ...['--source', bundle, '--operations', operations, '--most', '1', ...BOOT_OPTIONS, '--json'],
  );
  if (status === 2) return `stopped: ${stderr.split('\n')[0]!.replace(/^mhp: /, '')}`;
  const { disagreements } = JSON.parse(stdout) as { disagreements: { nr: number }[] };
  return disagreements.length > 0 ? String(disagreements[0]!.nr) : '';
}

/** The entries that are not clean, which all are without an edit; asked if the comparison sees nothing. */
function checked(): string {
  const out = join(work, 'check.jsonl');
  writeFileSync(out, '');
  mhp('check', ...ENTRIES, '--source', bundle, '--brief', '--threads', '1', '--out', out);
  return readFileSync(out, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{"id"'))
    .map((line) => JSON.parse(line) as { id: string; verdict: string })
    .filter(({ verdict }) => verdict === 'found' || verdict === 'other')
    .map(({ id }) => id)
    .join(', ');
}

/** Arguments by which the kernel is configured with these options beside the default ones. */
function configured(options: readonly string[] | undefined): readonly string[] {
  if (!options) return [];
  const config = join(work, 'with.config');
  const own = readFileSync(join(tree, `arch/${arch === 'arm64' ? arch : 'x86'}/configs/defconfig`), 'utf8');
  const lines = [...NEEDED, ...options].map((option) => `CONFIG_${option}\n`);
  writeFileSync(config, own + lines.join(''));
  return ['--config', config];
}
const NEEDED = ['MEMORY_HOTPLUG=y', 'MEMORY_HOTREMOVE=y', 'ZONE_DEVICE=y', 'MODVERSIONS=n'];

const chosen = values.only?.split(',');
const edits = parse(readFileSync(new URL(EDITS, import.meta.url), 'utf8')) as Edit[];
process.stdout.write('| | function | edit | caught |\n|---|---|---|---|\n');
for (const [i, edit] of edits.entries()) {
  if (chosen?.includes(String(i + 1)) === false) continue;
  const path = join(tree, edit.file);
  const text = readFileSync(join(source, edit.file), 'utf8');
  writeFileSync(path, edited(text, edit));
  try {
    const { status, stderr } = mhp(
      'ir',
      '--source',
      tree,
      '--arch',
      arch,
      ...configured(edit.with),
      '-o',
      bundle,
    );
    if (status !== 0) throw new Error(`${edit.about}: ${stderr.trim().split('\n').at(-1)}`);
    const first = compared();
    const caught = first === '' ? checked() || 'no' : first;
    process.stdout.write(`| ${i + 1} | ${edit.fn}() | ${edit.about} | ${caught} |\n`);
  } finally {
    writeFileSync(path, text);
  }
}
