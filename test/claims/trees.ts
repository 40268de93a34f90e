// npm run claims -- --tree DIR [--tree DIR …] [--markdown FILE]: whether the source trees have what claims.yaml says of them
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Claim, claims } from './claims.ts';
import { markdown } from './markdown.ts';
import { place } from './source.ts';

const { tree: trees = [], markdown: target } = parseArgs({
  options: { tree: { type: 'string', multiple: true }, markdown: { type: 'string' } },
}).values;
const wrong = trees.find((dir) => !existsSync(`${dir}/Makefile`));
if (trees.length === 0 || wrong !== undefined) {
  console.error(
    `claims: --tree DIR names a kernel source tree${wrong === undefined ? '' : `: ${wrong} is none`}`,
  );
  process.exit(2);
}

const versionOf = (dir: string): readonly number[] => {
  const makefile = readFileSync(`${dir}/Makefile`, 'utf8');
  return ['VERSION', 'PATCHLEVEL', 'SUBLEVEL'].map((name) =>
    Number(new RegExp(`^${name} = (\\d+)`, 'm').exec(makefile)?.[1] ?? 0),
  );
};

/** The line, or what is wrong. */
function hold(dir: string, { file, ...wanted }: Claim): number | string {
  const path = `${dir}/${file}`;
  return existsSync(path) ? place(readFileSync(path, 'utf8'), wanted) : 'no such file';
}

const places = new Map<Claim, Map<string, number>>(claims.map((claim) => [claim, new Map()]));
let lost = 0;
for (const dir of trees) {
  const version = versionOf(dir);
  const mine = claims.filter((claim) => claim.in.includes(version.slice(0, 2).join('.')));
  for (const claim of mine) {
    const found = hold(dir, claim);
    if (typeof found === 'number') places.get(claim)!.set(version.join('.'), found);
    else {
      lost++;
      console.log(
        `${version.join('.')} ${claim.file} ${claim.function ?? ''}: ${claim.says} (${claim.about.join(', ')}): ${found}`,
      );
    }
  }
  console.log(`${version.join('.')}: ${mine.length} claims`);
}
console.log(`${lost} not so`);
if (target !== undefined) writeFileSync(target, markdown(places));
process.exitCode = lost > 0 ? 1 : 0;
