import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { boot } from '../../boot/boot.ts';
import { BadOperation } from '../../errors/bad-operation.ts';
import { findRelease } from '../../releases/index.ts';
import { parseScenario } from '../format/read.ts';
import { Session } from '../running/session.ts';
import { askConsumer, type ConsumerName } from './consumers.ts';
import { layOut, machine, type PageKind } from './kinds.ts';
import { answers, asked, type Comparison, compare, isChanged, kindNames, outcomes } from './matrix.ts';

/**
 * The matrix cell by cell. T and F stand for yes and no, `-` for no such case. Several letters stand for an
 * uninitialised struct page built without CONFIG_DEBUG_VM, with it, and with CONFIG_DEBUG_VM_PGFLAGS (B: BUG). Kind X
 * is device memory in an online section.
 */
const RELEASES = ['pg-reserved-base', 'pg-reserved', 'pg-reserved-unconverted', 'pg-reserved-v1'];

const table: Readonly<Record<string, readonly string[]>> = {
  // kinds            A B C   D E F G H M Z X
  kvm_is_mmio_pfn: [
    /* before      */ 'F F FB  F F T T F T F F',
    /* after       */ 'F T F   F F T T F T F F',
    /* unconverted */ 'F F FB  F F F T F T F F',
    /* v1          */ 'F T F   F F T T F T F F',
  ],
  kvm_is_reserved_pfn: [
    'F T FTB F T T T T T T T',
    'F T T   F T T T T T T F',
    'F T FTB F F F T T T T F',
    'F T T   F T T T T T T F',
  ],
  is_invalid_reserved_pfn: [
    'F T FTB F T T T T T T T',
    'F T T   F T T T T T T F',
    'F T FTB F F F T T T T F',
    'F T T   F T T T T T T F',
  ],
  kvmppc_book3s_instantiate_page: [
    'T F TFB T F F F F F F F',
    'T F F   T F F F F F F T',
    'T F TFB T T T F F F F T',
    'T F F   T F F F F F F T',
  ],
  // PG_arch_1 is tested first, and without a check: all ones are no BUG here
  hash_page_do_lazy_icache: [
    'T F TF  T F F F F F F F',
    'T F F   T F F F F F F T',
    'T F TF  T T T F F F F T',
    'T F F   T F F F F F F T',
  ],
  maybe_pte_to_page: [
    'T F TFB T F F F F F F F',
    'T F F   T F F F F F F T',
    'T F TFB T T T F F F F T',
    'T F F   T F F F F F F T',
  ],
  // neither a hole nor RAM beyond mem= is System RAM for the kernel
  __ioremap_check_ram: [
    'F T FTB F T T T T T T T',
    'F T T   F T T T T T T T',
    'F T FTB F T T T T T T T',
    'F T T   F T T T T T T T',
  ],
  gasket_release_page: [
    'T F -   T F F - - - F F',
    'T F -   T F F - - - F F',
    'T F -   T T T - - - F T',
    'T F -   T T T - - - F T',
  ],
  transfer_complete_cb: [
    'T F -   T F F - - - F F',
    'T F -   T F F - - - F F',
    'T F -   T T T - - - F T',
    'T F -   T T T - - - F T',
  ],
  check_page_span: [
    'F T -   F T T - - - - T',
    'F T -   F T T - - - - T',
    'F T -   F F F - - - - F',
    'F T -   F F F - - - - F',
  ],
};

const LETTERS = { yes: 'T', no: 'F', BUG: 'B', '-': '-' } as const;

const comparisons = compare(RELEASES.map((name) => findRelease(name)!));
const of = (name: string): Comparison => comparisons.find(({ consumer }) => consumer === name)!;
const letters = ({ row }: Comparison['rows'][number]): string[] =>
  kindNames.map((kind) =>
    answers(row[kind])
      .map((answer) => LETTERS[answer])
      .join(''),
  );

const cells = Object.entries(table).flatMap(([name, rows]) =>
  rows.flatMap((row, i) =>
    row.split(/ +/).map((want, column) => [name, RELEASES[i]!, kindNames[column]!, want, i, column] as const),
  ),
);

test.each(cells)('%s on %s, kind %s: %s', (name, _release, _kind, want, i, column) => {
  expect(letters(of(name).rows[i]!)[column]).toBe(want);
});

test('the table has every consumer and every kind', () => {
  expect(Object.keys(table)).toEqual(asked);
  expect(cells.length).toBe(10 * 4 * 11);
});

test('what changes, by the first release', () => {
  const changed = (release: string) =>
    comparisons.flatMap(({ consumer, rows }) => {
      const kinds = rows.find((row) => row.release === release)!.changed.join('');
      return kinds ? [`${consumer} ${kinds}`] : [];
    });
  expect(changed('pg-reserved-base')).toEqual([]);
  expect(changed('pg-reserved')).toEqual([
    'kvm_is_mmio_pfn B',
    'kvm_is_reserved_pfn X',
    'is_invalid_reserved_pfn X',
    'kvmppc_book3s_instantiate_page X',
    'hash_page_do_lazy_icache X',
    'maybe_pte_to_page X',
  ]);
  expect(changed('pg-reserved-v1')).toEqual([
    ...changed('pg-reserved'),
    'gasket_release_page EFX',
    'transfer_complete_cb EFX',
    'check_page_span EFX',
  ]);
});

/** The consumers and kinds of page that the scenarios of B85 to B87 test. */
const told = new Set(
  readdirSync('scenarios')
    .filter((name) => /^B8[567]/.test(name))
    .map((name) => parseScenario(readFileSync(`scenarios/${name}`, 'utf8'), name))
    .flatMap(({ id, steps }) => {
      const device = steps.flatMap(({ kind, step }) => (kind === 'zone_device' ? [step.memtype] : []))[0];
      const kind = id === 'B86' ? 'X' : device === undefined ? 'B' : device === 'WB' ? 'E' : 'F';
      return steps.flatMap((one) => (one.kind === 'consume' ? [`${one.step.consumer} ${kind}`] : []));
    }),
);

test('every cell that changes is a scenario; device memory in an online section where the series converts', () => {
  const changes = comparisons.flatMap(({ consumer, rows }) =>
    rows.flatMap(({ release, changed }) =>
      changed
        .filter((kind) => kind !== 'X' || release === 'pg-reserved')
        .map((kind) => `${consumer} ${kind}`),
    ),
  );
  expect(new Set(changes).size).toBe(23);
  expect([...new Set(changes)].filter((cell) => !told.has(cell))).toEqual([]);
});

test('the cures: the taint of v5.12 for mixed sections, the memory type for reserved RAM', () => {
  const [, taint, memtype] = ['pg-reserved-base', 'pg-reserved-taint', 'pg-reserved-memtype'].map((name) =>
    outcomes(findRelease(name)!),
  );
  const base = outcomes(findRelease('pg-reserved-base')!);
  const differs = (row: typeof base, name: ConsumerName) =>
    kindNames.filter((kind) => isChanged(base[name][kind], row[name][kind])).join('');
  expect(asked.map((name) => differs(taint!, name))).toEqual(['B', '', '', '', '', '', '', '', '', '']);
  expect(differs(memtype!, 'kvm_is_mmio_pfn')).toBe('');
});

test.each(['v5.2', 'v5.3'])(
  '%s answers as the base of the series does, but for a dangling compound head',
  (name) => {
    const base = outcomes(findRelease('pg-reserved-base')!);
    const old = outcomes(findRelease(name)!);
    for (const consumer of asked) {
      for (const kind of kindNames) {
        if (kind === 'X' && name === 'v5.2') expect(answers(old[consumer][kind])).toEqual(['-']);
        else if (consumer === 'is_invalid_reserved_pfn' && kind === 'C')
          expect(answers(old[consumer][kind])).toEqual(['no', 'BUG']);
        else expect(old[consumer][kind]).toEqual(base[consumer][kind]);
      }
    }
  },
);

test.each(['v5.4', 'v5.7', 'v5.10'])(
  '%s: KVM counts references of device pages and of the zero page',
  (name) => {
    const [{ rows }] = compare([findRelease('pg-reserved-base')!, findRelease(name)!]).slice(1) as [
      Comparison,
    ];
    expect(rows[1]!.changed).toEqual(['E', 'F', 'Z', 'X']);
  },
);

test('from v5.12 on they are not modelled', () => {
  for (const name of ['v6.1', 'v6.12', 'v7.2'])
    expect(() => outcomes(findRelease(name)!)).toThrow(BadOperation);
});

test('without PAT whatever is reserved is MMIO, however the host caches it', () => {
  const session = new Session(
    boot({ ...machine(false), cmdline: 'nopat' }, findRelease('pg-reserved-base')!),
  );
  const places = layOut(session);
  const answer = (kind: PageKind) => askConsumer(session, 'kvm_is_mmio_pfn', places[kind]!.pfn).ret;
  expect([answer('A'), answer('B'), answer('E'), answer('Z')]).toEqual([0, 1, 1, 0]);
});

test('is_zone_device_page() in place of pfn_to_online_page(): right for X, as before for C', () => {
  const rows = compare(
    ['pg-reserved-base', 'pg-reserved', 'pg-reserved-zone-device'].map((r) => findRelease(r)!),
  );
  const converted: ConsumerName[] = [
    'kvmppc_book3s_instantiate_page',
    'hash_page_do_lazy_icache',
    'maybe_pte_to_page',
  ];
  for (const name of converted) {
    const [base, posted, alternative] = rows.find(({ consumer }) => consumer === name)!.rows;
    expect([posted!.changed, alternative!.changed]).toEqual([['X'], []]);
    expect(answers(posted!.row.C)).toEqual(['no']);
    expect(alternative!.row.C).toEqual(base!.row.C);
  }
});
