import type { LitmusOp } from './test-program.ts';

/**
 * The next actions of one CPU: instructions take effect in any order that the architecture's local order allows. The
 * rules are those of the VMSA memory model in herdtools7 (herd/libdir/aarch64hwreqs.cat, without ETS), by its names:
 *
 * - `DSB-ob`: a DSB waits for the accesses in its scope, a full one also for TLBIs; nothing behind it takes effect
 *   before it does, except that addresses may be translated.
 * - `IFB-ob`: an ISB waits for DSBs, for branches and for translations before it; nothing behind it is even translated
 *   before it. So is an exception.
 * - `bob`: DMB orders accesses, and faults, but no translations.
 * - `dob`: a store (and a TLBI) waits for branches before it and until accesses before it are translated without a
 *   fault; addresses and data wait for the loads they come from.
 * - accesses of one place stay in order, of which a load may be served by the store before it (internal visibility).
 *   The same address counts as the same place whatever it is translated to: that is TLBI-ob's `same-low-order-bits`.
 */
export interface Core {
  /** By instruction: physical address, or fault (`!…`), it was translated to. */
  readonly translated: (number | string | undefined)[];
  /** By instruction: its result once it has taken effect; '' if it has none. */
  readonly done: (string | undefined)[];
  /** The instruction whose fault ended the thread: no later instruction happens. */
  stopped: number | undefined;
}

/** Whether the thread has nothing left to do. */
export const finished = (core: Core): boolean =>
  !core.done.slice(0, core.stopped ?? core.done.length).includes(undefined);

export const isAccess = (op: LitmusOp): boolean => op.op === 'load' || op.op === 'store';
export const isFault = (t: number | string | undefined): t is string => typeof t === 'string';

const ready = (core: Core, producer: number | undefined): boolean =>
  producer === undefined || core.done[producer] !== undefined;

/** Whether an access may be translated now. */
export function mayTranslate(code: readonly LitmusOp[], core: Core, i: number): boolean {
  const op = code[i]!;
  if (core.translated[i] !== undefined || core.done[i] !== undefined || !ready(core, op.address))
    return false;
  return code.slice(0, i).every((before, j) => {
    if (before.op === 'isb') return core.done[j] !== undefined;
    // after a fault everything later starts again
    return core.done[j] !== undefined || !isFault(core.translated[j]);
  });
}

/**
 * Whether an instruction may take effect now; for an access whose translation faults, whether the fault may be taken.
 */
export function mayPerform(code: readonly LitmusOp[], core: Core, i: number): boolean {
  const op = code[i]!;
  if (core.done[i] !== undefined || i > (core.stopped ?? i)) return false;
  if (isAccess(op) && core.translated[i] === undefined) return false;
  const faults = isFault(core.translated[i]);
  for (let j = 0; j < i; j++) if (!before(code, core, j, i, faults)) return false;
  if (op.op === 'branch' || op.op === 'dmb') return op.op === 'dmb' || ready(core, op.control);
  if (op.op === 'store' && !faults) return ready(core, op.data);
  return true;
}

/** Whether instruction j has done everything for which the later instruction i must wait. */
function before(code: readonly LitmusOp[], core: Core, j: number, i: number, faults: boolean): boolean {
  const [first, op] = [code[j]!, code[i]!];
  const done = core.done[j] !== undefined;
  if (done) return first.op !== 'dmb' || !isAccess(op) || pastDmb(code, core, j, op, faults);
  const sure = op.op !== 'load' || faults;
  switch (first.op) {
    case 'dsb':
    case 'isb':
      return op.op === 'dmb' || op.op === 'branch';
    case 'dmb':
      return !isAccess(op) || pastDmb(code, core, j, op, faults);
    case 'branch':
      return !sure || op.op === 'dmb' || op.op === 'branch' || op.op === 'dsb' || ready(core, first.control);
    case 'tlbi':
      return op.op !== 'dsb' || !(op.stores && op.loads);
  }
  const t = core.translated[j];
  if (op.op === 'dmb' || op.op === 'branch') return true;
  if (op.op === 'dsb' && (first.op === 'load' ? op.loads : op.stores)) return false;
  // effects are never undone: instructions after an access that may still fault do not take effect
  if (sure) {
    if (t === undefined || isFault(t)) return false;
    if (op.op !== 'store' || faults) return true;
    return t !== core.translated[i] && !sameAddress(first, op);
  }
  return loadBehind(core, j, i, first, op);
}

/** A DMB is passed once the accesses in its scope before it are done, for accesses in its scope after it. */
function pastDmb(code: readonly LitmusOp[], core: Core, j: number, op: LitmusOp, faults: boolean): boolean {
  const { loads, stores } = code[j]!;
  if (!loads && op.op === 'load' && !faults) return true;
  return code
    .slice(0, j)
    .every(
      (b, k) => core.done[k] !== undefined || !((b.op === 'load' && loads) || (b.op === 'store' && stores)),
    );
}

/** Whether a load may overtake an earlier access that is not done. */
function loadBehind(core: Core, j: number, i: number, first: LitmusOp, op: LitmusOp): boolean {
  const t = core.translated[j];
  if (isFault(t)) return false;
  // accesses to table words use no translation
  if (first.at!.kind !== op.at!.kind) return true;
  // another address, not known yet
  if (t === undefined) return !sameAddress(first, op) && !ready(core, first.address);
  if (t !== core.translated[i]) return !sameAddress(first, op);
  return first.op === 'store' && ready(core, first.data);
}

function sameAddress(a: LitmusOp, b: LitmusOp): boolean {
  if (a.at?.kind === 'va') return b.at?.kind === 'va' && a.at.va === b.at.va;
  return b.at?.kind === 'word' && a.at?.kind === 'word' && a.at.pa === b.at.pa;
}

/** An earlier store to the same memory, not done yet, that forwards its value to the load. */
export function forwarding(code: readonly LitmusOp[], core: Core, i: number): number | undefined {
  for (let j = i - 1; j >= 0; j--) {
    if (code[j]!.op !== 'store' || core.translated[j] !== core.translated[i]) continue;
    return core.done[j] === undefined ? j : undefined;
  }
  return undefined;
}
