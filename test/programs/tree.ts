// npm run programs -- --tree DIR [--tree DIR …] [--write]: whether source trees of programs, named as their packages unpack (qemu-7.2.0),
// have what src/answers/explain/programs says of them. --write notes what was found in held.json and docs/program-messages.md
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { docsText } from './docs.ts';
import { fault, keyOf, PACKAGES, TEXTS } from './hold.ts';

const { tree: trees = [], write } = parseArgs({
  options: { tree: { type: 'string', multiple: true }, write: { type: 'boolean' } },
}).values;

const held: Record<string, string[]> = {};
for (const dir of trees) {
  const [, name, version] = /^(.+)-(\d[\w.]*)$/.exec(basename(dir)) ?? [];
  const mine = TEXTS.filter(({ program }) => PACKAGES[program].includes(name ?? ''));
  if (mine.length === 0) {
    console.error(`programs: ${dir} is no source tree of a known program`);
    process.exit(2);
  }
  let found = 0;
  for (const text of mine) {
    const path = `${dir}/${text.file}`;
    const wrong = existsSync(path) ? fault(readFileSync(path, 'utf8'), text) : 'no such file';
    if (wrong === null) {
      found++;
      held[keyOf(text)] = [...(held[keyOf(text)] ?? []), version!];
    } else console.log(`${name} ${version}: ${text.file} ${text.fn}(): ${wrong}`);
  }
  console.log(`${name} ${version}: ${found} of ${mine.length} texts`);
}
const lost = TEXTS.filter((text) => held[keyOf(text)] === undefined);
for (const { program, file, fn, text } of lost)
  console.log(`${program}: not found in any tree: ${file} ${fn}(): ${text}`);
if (write && lost.length === 0) {
  const here = (name: string): URL => new URL(name, import.meta.url);
  writeFileSync(here('held.json'), `${JSON.stringify(held, null, 2)}\n`);
  writeFileSync(here('../../docs/program-messages.md'), docsText(held));
}
process.exitCode = lost.length > 0 ? 1 : 0;
