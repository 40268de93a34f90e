import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { forms } from './forms.ts';
import { readSources } from './functions.ts';
import { listMutants, type Mutant } from './list.ts';
import { type ResultLine, readResults } from './results.ts';

/*
 * `npm run mutate:report` writes docs/mutations.md from the results and explanations.yaml. It fails when a mutant has no
 * result, or when a mutant that was not caught has no explanation.
 */

const HERE = new URL('./', import.meta.url);
const DOC = new URL('../../docs/mutations.md', HERE);

/**
 * The reason why a mutant is not caught. An equivalent mutant behaves like the original in every observable respect.
 */
export type Class = 'equivalent' | 'cost' | 'gap';

interface Explanation {
  readonly class: Class;
  readonly why: string;
  /** "function: what", in all forms, or "form function: what" in one. */
  readonly mutants: readonly string[];
}

interface Survivor {
  readonly mutant: Mutant;
  readonly class: Class;
  readonly why: string;
}

type Reason = Omit<Explanation, 'mutants'>;

const REREADS: Reason = {
  class: 'equivalent',
  why: 'Only reads are repeated, and the first results are dropped. The mutant behaves as if the reads took place later.',
};

/** For a repeated step, the explanation that the runs give. */
const BY_RUNS: Readonly<Partial<Record<string, Reason>>> = {
  reads: { class: 'cost', why: 'The repeated code finds nothing left to do, so it only reads.' },
  again: {
    class: 'cost',
    why: 'The same values are written again immediately. No other thread may write to this range in between.',
  },
  'more flushing': {
    class: 'cost',
    why: 'The mutant executes additional barriers and invalidations. They cost time and have no other effect.',
  },
};

function byRuns({ operator, rereads }: Mutant, { difference }: ResultLine): Reason | undefined {
  if (operator !== 'twice') return undefined;
  if (rereads && ['reads', 'same', 'unreached'].includes(difference!)) return REREADS;
  return BY_RUNS[difference!];
}

const withoutForm = ({ name, form }: Mutant): string => name.slice(form.length + 1);

function explained(mutants: readonly Mutant[], results: ReadonlyMap<string, ResultLine>): Survivor[] {
  const all = parse(readFileSync(new URL('explanations.yaml', HERE), 'utf8')) as readonly Explanation[];
  const byName = new Map(
    all.flatMap((explanation) => explanation.mutants.map((name) => [name, explanation])),
  );
  const used = new Set<string>();
  const missing: string[] = [];
  const survivors = mutants.flatMap((mutant): Survivor[] => {
    const result = results.get(mutant.name);
    if (!result) {
      missing.push(`no result: ${mutant.name}`);
      return [];
    }
    if (result.caught) return [];
    const name = [mutant.name, withoutForm(mutant)].find((one) => byName.has(one));
    if (name) used.add(name);
    const explanation = name ? byName.get(name) : byRuns(mutant, result);
    if (!explanation) {
      missing.push(`not explained (${result.difference}): ${mutant.name}`);
      return [];
    }
    return [{ mutant, class: explanation.class, why: explanation.why.trim() }];
  });
  for (const name of byName.keys())
    if (!used.has(name)) missing.push(`explained, but caught or gone: ${name}`);
  if (missing.length > 0) {
    process.stderr.write(`${missing.join('\n')}\n`);
    process.exit(1);
  }
  return survivors;
}

const percent = (part: number, of: number): string =>
  of === 0 ? '-' : `${((100 * part) / of).toFixed(1)} %`;

const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

function counts(mutants: readonly Mutant[], survivors: readonly Survivor[]): (string | number)[] {
  const names = new Set(mutants.map(({ name }) => name));
  const mine = survivors.filter(({ mutant }) => names.has(mutant.name));
  const n = (what: Class): number => mine.filter((s) => s.class === what).length;
  const caught = mutants.length - mine.length;
  const all = mutants.length;
  return [
    all,
    caught,
    n('equivalent'),
    n('cost'),
    n('gap'),
    percent(caught, all),
    percent(caught, all - n('equivalent')),
    percent(caught, all - n('equivalent') - n('cost')),
  ];
}

const HEAD = [
  'mutants',
  'caught',
  'equivalent',
  'cost only',
  'gap',
  'caught of all',
  'of those not equivalent',
  'of those that do harm',
];

const table = (first: string, rows: readonly (readonly (string | number)[])[]): string[] => [
  row(first, ...HEAD),
  row('---', ...HEAD.map(() => '--:')),
  ...rows.map((cells) => row(...cells)),
];

/** The kind of a check, for counting. */
function sortOf(result: ResultLine): string {
  const { check, failure } = result.caught!;
  if (/^(does not end|ends the program)$/.test(failure)) return 'does not end';
  if (failure.startsWith('exception:')) return 'the model cannot continue (an exception)';
  if (/^ended by/.test(failure)) return 'a BUG or a deadlock';
  if (/given back|may not be seen/.test(failure)) return 'an entry that becomes visible too late';
  if (/^B\d/.test(check)) return 'an entry of the catalogue that is clean on the unchanged form';
  if (/free pages can be reached/.test(failure)) return 'a free page that a CPU can reach';
  if (/CPU .*(may hold|in flight)|translations:|contiguous-group/.test(failure))
    return 'a translation that outlives its entry';
  if (/^(the tables are|the neighbour)|tables:/.test(failure))
    return 'tables that changed, that were left over, or that are linked although free';
  if (/invariant:|linear:|memmap:|meanwhile/.test(failure)) return 'another invariant between operations';
  if (/is not a table$/.test(failure)) return 'an entry used in a page that is not a table';
  if (/BUG|printk/.test(failure)) return 'the allocator: a page freed twice, or a page that it does not own';
  if (/still counts as|is freed that|without its destructor/.test(failure))
    return 'tables freed that still count as tables';
  if (/lock/.test(failure)) return 'a lock';
  if (/warn|nothing says|splits|answer/.test(failure))
    return 'an unexpected warning, or an expected warning that is missing';
  return 'something else';
}

function bySort(results: readonly ResultLine[]): string[] {
  const found = new Map<string, number>();
  for (const result of results)
    if (result.caught) found.set(sortOf(result), (found.get(sortOf(result)) ?? 0) + 1);
  return [
    row('caught by', 'mutants'),
    row('---', '--:'),
    ...[...found].sort((a, b) => b[1] - a[1]).map(([what, n]) => row(what, n)),
  ];
}

/** Survivors grouped by reason, one line per mutation with the forms that have it. */
function told(survivors: readonly Survivor[]): string[] {
  const whys = [...new Set(survivors.map(({ why }) => why))];
  return whys.flatMap((why) => {
    const lines = new Map<string, string[]>();
    for (const { mutant } of survivors.filter((s) => s.why === why)) {
      const place = mutant.place.replace('src/kernel/arch/arm64/', '');
      const text = `- \`${withoutForm(mutant)}\` (${place})`;
      lines.set(text, [...(lines.get(text) ?? []), mutant.form]);
    }
    return ['', why, '', ...[...lines].map(([text, of]) => `${text}: ${of.join(', ')}`)];
  });
}

const sources = readSources(new URL('../../', HERE));
const mutants = await listMutants(sources);
const results = readResults(new URL('results.jsonl', HERE));
const survivors = explained(mutants, results);
const kinds = new Set(mutants.map(({ key }) => key)).size;

const text = [
  '# Mutations of the tear-down',
  '',
  'A mutant omits one step of a function of a form of tear-down, repeats it, or moves it after the next step. Every step of every',
  `function has such mutants: ${mutants.length} mutants, from ${kinds} changes to the source, each in every form that has the function. A mutant`,
  'is caught when a check that passes on the unchanged form fails. `npm run mutate:report` writes this file from',
  '`test/mutation/results.jsonl`, which `npm run mutate` writes, and from `test/mutation/explanations.yaml`.',
  '',
  '| form | release | |',
  '|---|---|---|',
  ...forms.map(({ name, release, about }) => row(name, release, about)),
  '',
  '## Share of mutants caught',
  '',
  ...table('form', [
    ...forms.map(({ name }) => [
      name,
      ...counts(
        mutants.filter(({ form }) => form === name),
        survivors,
      ),
    ]),
    ['all', ...counts(mutants, survivors)],
  ]),
  '',
  ...table('change to a step', [
    ...(['without', 'twice', 'swapped'] as const).map((operator) => [
      { without: 'omitted', twice: 'repeated', swapped: 'moved after the next' }[operator],
      ...counts(
        mutants.filter((mutant) => mutant.operator === operator),
        survivors,
      ),
    ]),
  ]),
  '',
  '*Equivalent*: the mutant behaves like the original in every observable respect. *Cost only*: the mutant does unnecessary',
  'work. *Gap*: the mutant does harm that no check finds.',
  '',
  '## Mutants by check',
  '',
  'Each mutant counts for the first check that failed. Most mutants fail several checks.',
  '',
  ...bySort([...results.values()]),
  '',
  '## Mutants by function',
  ...forms.flatMap(({ name }) => {
    const mine = mutants.filter(({ form }) => form === name);
    return [
      '',
      `### ${name}`,
      '',
      ...table(
        'function',
        [...new Set(mine.map(({ fn }) => fn))].map((fn) => [
          `\`${fn}\``,
          ...counts(
            mine.filter((mutant) => mutant.fn === fn),
            survivors,
          ),
        ]),
      ),
    ];
  }),
  '',
  '## Mutants not caught: gaps',
  ...told(survivors.filter((s) => s.class === 'gap')),
  '',
  '## Mutants not caught: cost only',
  ...told(survivors.filter((s) => s.class === 'cost')),
  '',
  '## Mutants not caught: equivalent',
  ...told(survivors.filter((s) => s.class === 'equivalent')),
  '',
].join('\n');

writeFileSync(DOC, text);
