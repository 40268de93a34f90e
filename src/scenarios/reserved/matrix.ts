import { boot } from '../../boot/boot.ts';
import { BadOperation } from '../../errors/bad-operation.ts';
import { MEMMAP, page_memmap } from '../../kernel/mm/page.ts';
import type { Release } from '../../releases/define.ts';
import { Session } from '../running/session.ts';
import { askConsumer, type ConsumerName, consumerNames, consumers, lacksConsumer } from './consumers.ts';
import { kinds, layOut, machine, type PageKind, type Place } from './kinds.ts';

/** The outcome matrix: each consumer's answer for each kind of page, from the model. */

/** `-`: there is no such page, or no caller could pass it. */
export type Answer = 'yes' | 'no' | 'BUG' | '-';

/** Builds that differ in how an uninitialised struct page reads: as its old contents, as all ones, or as a BUG. */
const builds = {
  plain: { debug_vm: false, debug_vm_pgflags: false },
  debug_vm: { debug_vm: true, debug_vm_pgflags: false },
  debug_vm_pgflags: { debug_vm: true, debug_vm_pgflags: true },
} as const;

export type Build = keyof typeof builds;

export type Cell = Readonly<Record<Build, Answer>>;
export type Row = Readonly<Record<PageKind, Cell>>;

/** The consumers of the matrix: all but kvm_set_pfn_dirty(), which calls one of them. */
export const asked: readonly ConsumerName[] = consumerNames.filter((name) => name !== 'kvm_set_pfn_dirty');

export const kindNames = Object.keys(kinds) as readonly PageKind[];
export const buildNames = Object.keys(builds) as readonly Build[];

/** The distinct answers of a cell, in the order of builds. */
export const answers = (cell: Cell): readonly Answer[] => [...new Set(buildNames.map((b) => cell[b]))];

/**
 * Whether there is an answer that did not occur before. If an answer no longer depends on the build, that is no change.
 */
export function isChanged(before: Cell, after: Cell): boolean {
  const known = answers(before);
  return !known.includes('-') && answers(after).some((answer) => answer !== '-' && !known.includes(answer));
}

/** Whether a page of this kind can reach the consumer. */
function canHave(session: Session, name: ConsumerName, place: Place): boolean {
  const { needs } = consumers[name];
  if (needs === 'pfn') return true;
  if (page_memmap(session.state.pages.get(place.pfn)) !== MEMMAP.INIT) return false;
  return needs === 'page' || place.nr_pages > 1;
}

function answer(session: Session, name: ConsumerName, place: Place | null): Answer {
  if (!place || !canHave(session, name, place)) return '-';
  const lacks = lacksConsumer(session.kernel, name);
  if (lacks !== null) throw new BadOperation(lacks);
  const { ret, events } = askConsumer(session, name, place.pfn);
  if (ret !== null) return ret ? 'yes' : 'no';
  const refused = events.some((event) => event.kind === 'bug' && event.where === 'usercopy_abort');
  return refused ? 'no' : 'BUG';
}

/** The rows of one release. */
export function outcomes(release: Release): Readonly<Record<ConsumerName, Row>> {
  const ofBuild = buildNames.map((build) => {
    const { debug_vm, debug_vm_pgflags } = builds[build];
    const session = new Session(boot(machine(debug_vm), release, { debug_vm_pgflags }));
    return { session, places: layOut(session) };
  });
  const cell = (name: ConsumerName, kind: PageKind): Cell => {
    const [plain, debugVm, debugVmPgflags] = ofBuild.map(({ session, places }) =>
      answer(session, name, places[kind]),
    ) as [Answer, Answer, Answer];
    return { plain, debug_vm: debugVm, debug_vm_pgflags: debugVmPgflags };
  };
  const row = (name: ConsumerName): Row =>
    Object.fromEntries(kindNames.map((kind) => [kind, cell(name, kind)])) as unknown as Row;
  return Object.fromEntries(asked.map((name) => [name, row(name)])) as Record<ConsumerName, Row>;
}

/** One consumer before and after: the first release is the one with which the others are compared. */
export interface Comparison {
  readonly consumer: ConsumerName;
  readonly file: string;
  readonly asks: string;
  readonly rows: readonly {
    readonly release: string;
    readonly row: Row;
    /** The kinds whose answer differs from the first release. */
    readonly changed: readonly PageKind[];
  }[];
}

/** All consumers on several releases. */
export function compare(releases: readonly Release[]): Comparison[] {
  const ofRelease = releases.map((release) => ({ release: release.name, rows: outcomes(release) }));
  return asked.map((consumer) => {
    const { file, asks } = consumers[consumer];
    const before = ofRelease[0]!.rows[consumer];
    const rows = ofRelease.map(({ release, rows }) => ({
      release,
      row: rows[consumer],
      changed: kindNames.filter((kind) => isChanged(before[kind], rows[consumer][kind])),
    }));
    return { consumer, file, asks, rows };
  });
}
