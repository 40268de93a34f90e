import { boot } from '../../boot/boot.ts';
import { BadOperation } from '../../errors/bad-operation.ts';
import { MEMMAP, page_memmap } from '../../kernel/mm/page.ts';
import type { Release } from '../../releases/define.ts';
import { Session } from '../running/session.ts';
import { askConsumer, type ConsumerName, consumer_names, consumers, lacksConsumer } from './consumers.ts';
import { type Kind, kinds, lay_out, machine, type Place } from './kinds.ts';

/** The outcome matrix: what each consumer of PG_reserved makes of each kind of page, asked of the model. */

/** `-`: there is no such page, or nobody could hand it over. */
export type Answer = 'yes' | 'no' | 'BUG' | '-';

/** Builds that differ in what an uninitialised struct page reads as: what was there, all ones, or a BUG. */
export const builds = {
  plain: { debug_vm: false, debug_vm_pgflags: false },
  debug_vm: { debug_vm: true, debug_vm_pgflags: false },
  debug_vm_pgflags: { debug_vm: true, debug_vm_pgflags: true },
} as const;

export type Build = keyof typeof builds;

export type Cell = Readonly<Record<Build, Answer>>;
export type Row = Readonly<Record<Kind, Cell>>;

/** Consumers of the matrix: all but kvm_set_pfn_dirty(), which calls one of them. */
export const asked: readonly ConsumerName[] = consumer_names.filter((name) => name !== 'kvm_set_pfn_dirty');

export const kind_names = Object.keys(kinds) as readonly Kind[];
export const build_names = Object.keys(builds) as readonly Build[];

/** The different answers of a cell, in the order of builds. */
export const answers = (cell: Cell): readonly Answer[] => [...new Set(build_names.map((b) => cell[b]))];

/** It answers what it never answered before. Settling an answer that depended on the build is no change. */
export function is_changed(before: Cell, after: Cell): boolean {
  const known = answers(before);
  return !known.includes('-') && answers(after).some((answer) => answer !== '-' && !known.includes(answer));
}

/** Whether a page of this kind can reach the consumer at all. */
function can_have(session: Session, name: ConsumerName, place: Place): boolean {
  const { needs } = consumers[name];
  if (needs === 'pfn') return true;
  if (page_memmap(session.state.pages.get(place.pfn)) !== MEMMAP.INIT) return false;
  return needs === 'page' || place.nr_pages > 1;
}

function answer(session: Session, name: ConsumerName, place: Place | null): Answer {
  if (!place || !can_have(session, name, place)) return '-';
  const lacks = lacksConsumer(session.kernel, name);
  if (lacks !== null) throw new BadOperation(lacks);
  const { ret, events } = askConsumer(session, name, place.pfn);
  if (ret !== null) return ret ? 'yes' : 'no';
  const refused = events.some((event) => event.kind === 'bug' && event.where === 'usercopy_abort');
  return refused ? 'no' : 'BUG';
}

/** The rows of one release. */
export function outcomes(release: Release): Readonly<Record<ConsumerName, Row>> {
  const of_build = build_names.map((build) => {
    const { debug_vm, debug_vm_pgflags } = builds[build];
    const session = new Session(boot(machine(debug_vm), release, { debug_vm_pgflags }));
    return { session, places: lay_out(session) };
  });
  const cell = (name: ConsumerName, kind: Kind): Cell => {
    const [plain, debug_vm, debug_vm_pgflags] = of_build.map(({ session, places }) =>
      answer(session, name, places[kind]),
    ) as [Answer, Answer, Answer];
    return { plain, debug_vm, debug_vm_pgflags };
  };
  const row = (name: ConsumerName): Row =>
    Object.fromEntries(kind_names.map((kind) => [kind, cell(name, kind)])) as unknown as Row;
  return Object.fromEntries(asked.map((name) => [name, row(name)])) as Record<ConsumerName, Row>;
}

/** One consumer before and after: the first release is the one that the others are compared with. */
export interface Comparison {
  readonly consumer: ConsumerName;
  readonly file: string;
  readonly asks: string;
  readonly rows: readonly {
    readonly release: string;
    readonly row: Row;
    /** Kinds whose answer is another than on the first release. */
    readonly changed: readonly Kind[];
  }[];
}

/** All consumers on several releases. */
export function compare(releases: readonly Release[]): Comparison[] {
  const of_release = releases.map((release) => ({ release: release.name, rows: outcomes(release) }));
  return asked.map((consumer) => {
    const { file, asks } = consumers[consumer];
    const before = of_release[0]!.rows[consumer];
    const rows = of_release.map(({ release, rows }) => ({
      release,
      row: rows[consumer],
      changed: kind_names.filter((kind) => is_changed(before[kind], rows[consumer][kind])),
    }));
    return { consumer, file, asks, rows };
  });
}
