import { readFileSync } from 'node:fs';

/**
 * The table of docs/source-verdicts.md: `npx tsx test/source/verdicts.ts TREE=MODEL.jsonl,C.jsonl...` prints it. The
 * files are those of `mhp check --out`: entries on the built-in release in the geometry of a bundle, and on the C of the
 * bundle (--source); several, joined by "+", are one.
 */
interface Row {
  readonly id: string;
  readonly verdict: string;
  readonly failure: { readonly text: string } | null;
  readonly reason: string | null;
  readonly states: number;
  readonly seconds: number;
}

const rowsOf = (files: string): ReadonlyMap<string, Row> =>
  new Map(
    files
      .split('+')
      .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
      .filter((line) => line.startsWith('{"id"'))
      .map((line) => JSON.parse(line) as Row)
      .map((row) => [row.id, row]),
  );

const trees = process.argv.slice(2).map((argument) => {
  const [tree = '', model = '', c = ''] = argument.split(/[=,]/);
  return { tree, model: rowsOf(model), c: rowsOf(c) };
});
const number = (id: string): number => Number(/\d+/.exec(id)![0]);
const ids = [...new Set(trees.flatMap(({ c }) => [...c.keys()]))].sort(
  (a, b) => number(a) - number(b) || (a < b ? -1 : 1),
);

const failureOf = ({ failure }: Row): string => failure?.text ?? '';
let [equal, differing] = [0, 0];

/** "clean" where both sides agree, with what both say of a failure; otherwise both. */
function cell(model: Row | undefined, c: Row | undefined): string {
  if (!model || !c) return '';
  const same = model.verdict === c.verdict && failureOf(model) === failureOf(c);
  if (same) equal++;
  else differing++;
  return same ? c.verdict : `${model.verdict}; C: ${c.verdict}${c.verdict === 'n/a' ? ` (${c.reason})` : ''}`;
}

const lines = ids.map(
  (id) => `| ${[id, ...trees.map(({ model, c }) => cell(model.get(id), c.get(id)))].join(' | ')} |`,
);
const seconds = trees.map(({ c }) => [...c.values()].reduce((sum, row) => sum + row.seconds, 0).toFixed(0));
process.stdout.write(
  [
    `| entry | ${trees.map(({ tree }) => tree).join(' | ')} |`,
    `|---|${trees.map(() => '---|').join('')}`,
    ...lines,
    '',
    `${equal} verdicts are equal, ${differing} are not. The runs on C took ${seconds.join(', ')} s.`,
    '',
  ].join('\n'),
);
