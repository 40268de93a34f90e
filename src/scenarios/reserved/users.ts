import { boot } from '../../boot/boot.ts';
import { PageReserved } from '../../kernel/mm/page.ts';
import type { Release } from '../../releases/define.ts';
import type { Steps } from '../../steps/step.ts';
import { Session } from '../running/session.ts';
import { archUsers } from './architectures.ts';
import { type Claim, claims } from './claims.ts';
import { layOut, machine, type PageKind } from './kinds.ts';

/** A user of PageReserved() that the RFC leaves as it is. */
export interface UnchangedUser {
  readonly user: string;
  /** Why it need not change. */
  readonly reason: string;
  /** The kinds of pages whose bit it reads, with the series. */
  readonly reads: readonly PageKind[];
  /** Those of them whose bit the series changes. */
  readonly changed: readonly PageKind[];
}

/** Kinds with a struct page that somebody has initialised, and of which there is one user at most. */
const READABLE: readonly PageKind[] = ['A', 'B', 'D', 'E', 'F', 'X'];

function laidOut(release: Release) {
  const session = new Session(boot(machine(false), release));
  const places = layOut(session);
  const pfn = (kind: PageKind): number | undefined => places[kind]?.pfn;
  return { session, pfn };
}

type LaidOut = ReturnType<typeof laidOut>;

function* asNumber(thread: Steps<boolean>): Steps<number> {
  return (yield* thread) ? 1 : 0;
}

function readBy({ session, pfn }: LaidOut, claim: Claim): PageKind[] {
  if ('looks_at' in claim) return [...claim.looks_at];
  return READABLE.filter((kind) => {
    const at = pfn(kind);
    return at !== undefined && session.call(asNumber(claim.reaches(session.kernel, at))).ret === 1;
  });
}

/** The users that the series leaves alone, and what they read of it. */
export function unchangedUsers(base: Release, series: Release): UnchangedUser[] {
  const [before, after] = [laidOut(base), laidOut(series)];
  const bit = ({ session, pfn }: LaidOut, kind: PageKind): boolean =>
    PageReserved(session.state.pages.get(pfn(kind)!));
  const modelled = claims.map((claim): UnchangedUser => {
    const reads = readBy(after, claim);
    const changed = reads.filter((kind) => bit(before, kind) !== bit(after, kind));
    return { user: claim.user, reason: claim.reason, reads, changed };
  });
  const elsewhere = archUsers.map(
    ([user, arch]): UnchangedUser => ({ user, reason: `no ZONE_DEVICE on ${arch}`, reads: [], changed: [] }),
  );
  return [...modelled, ...elsewhere];
}
