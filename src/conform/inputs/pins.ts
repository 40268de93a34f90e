import type { Config } from '../../kernel/config.ts';
import type { Op } from '../../machines/recording/ops.ts';
import type { ScenarioStep } from '../../scenarios/format/step-schema.ts';
import type { Result } from '../../scenarios/running/result.ts';
import type { Session } from '../../scenarios/running/session.ts';
import { pinnedPages, pinPage } from '../../scenarios/steps/pages/pin.ts';

/** Which page a pin takes is chance. A recording may name it, as a pfn or as an address. */

type Pin = Op & { op: 'pin' };

const inside = ({ start, size }: Pin, address: number): boolean => address >= start && address < start + size;

/** The pfn of the page that a successful pin took; undefined if it is not recorded or lies outside of the pin's range. */
export function takenPage(c: Config, op: Pin): number | undefined {
  if (typeof op.errno === 'string' || op.page == null) return undefined;
  const page = Number(op.page);
  if (inside(op, page * c.PAGE_SIZE)) return page;
  return page % c.PAGE_SIZE === 0 && inside(op, page) ? page / c.PAGE_SIZE : undefined;
}

/** Pages of pins that the recording named. */
const named = new WeakMap<Session, Set<number>>();

/** A pin whose page the recording does not name, in this range of pages; undefined if there is none. */
export const movablePin = (session: Session, isWithin: (pfn: number) => boolean): number | undefined =>
  pinnedPages(session).find((pfn) => isWithin(pfn) && !named.get(session)?.has(pfn));

export function pin(op: Pin, session: Session): ScenarioStep | Result {
  const pfn = takenPage(session.kernel.c, op);
  const { nid: node, start, size } = op;
  if (pfn === undefined) return { kind: 'pin', step: { node, start, size } };
  named.set(session, (named.get(session) ?? new Set()).add(pfn));
  return pinPage(session, node, pfn);
}

/** An input: the page that the pin took. */
export function pinInputs(op: Op, session: Session): string[] {
  const pfn = op.op === 'pin' ? takenPage(session.kernel.c, op) : undefined;
  return pfn === undefined ? [] : [`the pin took page 0x${pfn.toString(16)}`];
}
