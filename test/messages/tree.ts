// npm run messages -- --tree DIR [--release R] [--write]: which messages of src/messages a kernel source tree does not have in the
// function named, and which it has although they are not listed for its release. --write notes the result in held.json
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { docsPath, docsText } from './docs.ts';
import { held, heldPath } from './held.ts';
import { hold } from './hold.ts';

const { tree, release, write } = parseArgs({
  options: { tree: { type: 'string' }, release: { type: 'string' }, write: { type: 'boolean' } },
}).values;

if (tree === undefined || !existsSync(tree)) {
  console.error('messages: --tree DIR names a kernel source tree');
  process.exit(2);
}

function versionOf(dir: string): string {
  if (release !== undefined) return release.replace(/^v/, '');
  const makefile = existsSync(`${dir}/Makefile`) ? readFileSync(`${dir}/Makefile`, 'utf8') : '';
  const part = (name: string): string | undefined => new RegExp(`^${name} = (\\d+)`, 'm').exec(makefile)?.[1];
  const [version, patchlevel, sublevel] = [part('VERSION'), part('PATCHLEVEL'), part('SUBLEVEL')];
  if (version !== undefined && patchlevel !== undefined) return `${version}.${patchlevel}.${sublevel ?? 0}`;
  console.error(`messages: ${dir} has no Makefile of a kernel: --release names its release`);
  process.exit(2);
}

const version = versionOf(tree);
const result = hold((file) => {
  const path = `${tree}/${file}`;
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}, version);
for (const line of result.errors) console.log(line);
const { messages, found, explained, unread } = result.counts;
console.log(
  `${version}: ${messages} messages, ${found} found, ${explained} not found for a reason that is listed, ${unread} in files that the tree does not have, ${result.errors.length} wrong`,
);
if (write && result.errors.length === 0) {
  const all = { ...held, [version]: result.counts };
  const sorted = Object.fromEntries(
    Object.entries(all).sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })),
  );
  writeFileSync(heldPath, `${JSON.stringify(sorted, null, 2)}\n`);
  writeFileSync(docsPath, docsText(sorted));
}
process.exitCode = result.errors.length > 0 ? 1 : 0;
