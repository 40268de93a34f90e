import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { runMatrix } from '../../src/cli/recorder/matrix.ts';
import { PrivateDir } from '../../src/record/guest/private-dir.ts';
import { Debian } from '../../src/record/kernel/debian.ts';
import { KernelFinder } from '../../src/record/kernel/find-kernel.ts';
import { nearestRelease } from '../../src/releases/index.ts';
import { qemuTerrain } from './qemu-terrain.ts';
import { takeWalk } from './walk.ts';

/*
 * npm run walk:record -- --kernel debian:6.1 --count 2: random walks on a real kernel, each recorded and compared with the model.
 * --arch arm64, --page-size 16384: of a kernel that is named by a Debian version. --seed N (1), --first N (0): other walks.
 * Scenarios and recordings lie in .walks/record/KERNEL; what is there is not recorded again. --print: the scenarios, and no more.
 */

const { values } = parseArgs({
  options: {
    kernel: { type: 'string' },
    arch: { type: 'string', default: 'x86_64' },
    'page-size': { type: 'string', default: '4096' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    count: { type: 'string', default: '1' },
    timeout: { type: 'string', default: '60' },
    print: { type: 'boolean', default: false },
  },
});

/** Steps that a walk must have to be worth a boot, and attempts to find one. */
const [LEAST, ATTEMPTS] = [8, 200];

if (values.kernel === undefined) throw new Error('--kernel: a kernel, as for mhp record');
const { arch } = values;
if (arch !== 'arm64' && arch !== 'x86_64') throw new Error('--arch: arm64 or x86_64');
const wanted = { arch, page_size: Number(values['page-size']) } as const;

const work = new PrivateDir(2 ** 28);
try {
  const find = new KernelFinder(work.path, () => new Debian(arch === 'arm64' ? 'arm64' : 'amd64'));
  const kernel = await find.find(values.kernel, wanted);
  const release = nearestRelease(kernel.release ?? '');
  if (release === null) throw new Error(`${values.kernel}: of no release that is modelled`);
  const terrain = qemuTerrain(kernel, kernel.page_size ?? wanted.page_size);
  const dir = join('.walks', 'record', kernel.release ?? basename(values.kernel));
  mkdirSync(dir, { recursive: true });
  const scenarios: string[] = [];
  const seed = Number(values.seed);
  for (let index = Number(values.first); scenarios.length < Number(values.count); index++) {
    if (index - Number(values.first) > ATTEMPTS) throw new Error('no walk is long enough');
    const { document, alarms } = takeWalk({ seed, index, release: release.name, terrain });
    // a walk ends with an alarm; what a hang is to a real kernel takes minutes
    if (document.steps.length < LEAST || alarms.some(({ kind }) => kind === 'hang')) continue;
    const { release: _, ...scenario } = document;
    const file = `walk-${seed}-${index}.yaml`;
    writeFileSync(join(dir, file), stringify({ title: `random walk ${seed}, ${index}`, ...scenario }));
    scenarios.push(file);
    if (values.print) process.stdout.write(`# ${join(dir, file)}\n${stringify(scenario)}`);
  }
  if (!values.print) {
    const matrix = join(dir, 'matrix.yaml');
    writeFileSync(matrix, stringify({ scenarios, kernels: [values.kernel], recordings: '.' }));
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    const limits = { timeout: Number(values.timeout), bootTimeout: 300, append: '', qemuOpts: '' };
    process.exitCode = await runMatrix(matrix, limits, stop.signal);
  }
} finally {
  work.remove();
}
