// npm run functions -- --tree DIR: which functions of src/kernel/functions.yaml a kernel source tree does not have in the file named
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { mainline } from '../../src/releases/index.ts';
import { defines } from './defines.ts';
import { functions, type KernelFunction } from './table.ts';

const { tree } = parseArgs({ options: { tree: { type: 'string' } } }).values;
if (tree === undefined || !existsSync(`${tree}/Makefile`)) {
  console.error('functions: --tree DIR names a kernel source tree');
  process.exit(2);
}

const makefile = readFileSync(`${tree}/Makefile`, 'utf8');
const part = (name: string): number => Number(new RegExp(`^${name} = (\\d+)`, 'm').exec(makefile)?.[1]);
const version = `${part('VERSION')}.${part('PATCHLEVEL')}`;
const order = (release: string): number => {
  const [major, minor] = release.replace('v', '').split('.').map(Number);
  return major! * 1000 + minor!;
};
const next = (release: string): number => {
  const after = mainline.findIndex(({ name }) => name === release) + 1;
  return after < mainline.length ? order(mainline[after]!.name) : Number.POSITIVE_INFINITY;
};
/** Between two modelled releases the table does not say when a function was added or removed. */
const expected = ({ from, until, series }: KernelFunction): boolean =>
  series === undefined &&
  (from === undefined || order(version) >= order(from)) &&
  (until === undefined || order(version) < next(until));

const texts = new Map<string, string | null>();
const text = (file: string): string | null => {
  const path = `${tree}/${file}`;
  if (!texts.has(file)) texts.set(file, existsSync(path) ? readFileSync(path, 'utf8') : null);
  return texts.get(file)!;
};

const wanted = functions.filter(expected);
const lost = wanted.filter(({ file, name }) => !defines(text(file) ?? '', name));
for (const { file, name } of lost)
  console.log(`${file}: ${text(file) === null ? 'no such file, ' : ''}${name}`);
console.log(`${version}: ${wanted.length} functions, ${lost.length} not found`);
process.exitCode = lost.length > 0 ? 1 : 0;
