/** Where a step was taken. */
export interface StepPlace {
  readonly thread: string;
  /** The number of the step in the story, from 1. */
  readonly step: number;
  /** The functions in which it was taken, innermost first: "pte_alloc_kernel() < vmap_pte_range()"; empty outside of all. */
  readonly in: string;
}

/** What happened to a page or object, and where. */
export interface Deed extends StepPlace {
  readonly deed: 'taken' | 'found' | 'cleared' | 'freed' | 'taken again' | 'accessed' | 'allocated';
  /** The page table entry in which it was found, or out of which it was cleared. */
  readonly entry: string | null;
}

export interface Held {
  readonly thread: string;
  readonly locks: readonly string[];
}

/** A part of the reason for a failure. */
export type WhyPart =
  | { readonly kind: 'nothing' }
  /** The failure in words. */
  | { readonly kind: 'failure'; readonly failure: string }
  /** A read or write of a page table entry that led to the failure. */
  | { readonly kind: 'entry'; readonly at: StepPlace; readonly effect: string }
  /** What happened to a page, in order. */
  | { readonly kind: 'page'; readonly pfn: number; readonly deeds: readonly Deed[] }
  /** The same of an object of a program; `initial`: it was there from the beginning. */
  | {
      readonly kind: 'object';
      readonly object: string;
      readonly initial: boolean;
      readonly deeds: readonly Deed[];
    }
  /** Two steps that conflict. */
  | {
      readonly kind: 'conflict';
      readonly first: StepPlace & { readonly asks: string };
      readonly second: StepPlace & { readonly asks: string };
    }
  /** A thread that goes by a value it read before the value changed. */
  | { readonly kind: 'stale'; readonly at: StepPlace }
  /** The locks that two threads held at their conflicting steps, and those that both held. */
  | {
      readonly kind: 'order';
      readonly first: Held;
      readonly second: Held;
      readonly common: readonly string[];
      /** Whether it is told of "the two" threads of kernel code, or of steps. */
      readonly of: 'threads' | 'steps';
    }
  | { readonly kind: 'waits'; readonly thread: string; readonly lock: string; readonly in: string }
  | { readonly kind: 'lock taken'; readonly lock: string; readonly at: StepPlace }
  /** The same, of a program: its lock was never released. */
  | {
      readonly kind: 'lock kept';
      readonly lock: string;
      readonly thread: string;
      readonly step: number | null;
    }
  /** Pages that keep a loop over a range from ending. */
  | { readonly kind: 'loops'; readonly pfn: number; readonly nr_pages: number; readonly state: string };

const where = (place: { readonly in: string }): string => (place.in ? ` (${place.in})` : '');
const by = (place: StepPlace): string => `by ${place.thread} in step ${place.step}${where(place)}`;
const list = (names: readonly string[]): string => (names.length === 0 ? 'no lock' : names.join(', '));

function deedText({ deed, entry, ...place }: Deed): string {
  const of = deed === 'found' ? `found in ${entry}` : deed === 'cleared' ? `cleared out of ${entry}` : deed;
  return `${of} ${by(place)}`;
}

function orderText({ first, second, common, of }: Extract<WhyPart, { kind: 'order' }>): string {
  if (common.length > 0) return `Both held ${list(common)}, but not throughout.`;
  const held = `${first.thread} held ${list(first.locks)}, ${of === 'steps' ? `${second.thread} held` : second.thread} ${list(second.locks)}`;
  return `No lock orders ${of === 'steps' ? 'them' : 'the two'}: ${held}.`;
}

function pagesText(pfn: number, pages: number): string {
  const first = `pfn 0x${pfn.toString(16)}`;
  return pages === 1 ? first : `${first}-0x${(pfn + pages - 1).toString(16)}`;
}

/** A part of the reason as a sentence. */
export function whyPartText(part: WhyPart): string {
  switch (part.kind) {
    case 'nothing':
      return 'Nothing went wrong.';
    case 'failure':
      return `${part.failure}.`;
    case 'entry':
      return `${part.at.thread} in step ${part.at.step}${where(part.at)}: ${part.effect}.`;
    case 'page': {
      const all = part.deeds.map(deedText);
      return `pfn 0x${part.pfn.toString(16)} was ${all.length > 1 ? `${all.slice(0, -1).join(', ')} and ` : ''}${all.at(-1)}.`;
    }
    case 'object': {
      const all = [
        ...(part.initial ? ['there from the beginning'] : []),
        ...part.deeds.map(({ deed, thread, step }) => `${deed} by ${thread} in step ${step}`),
      ];
      return `${part.object} was ${all.join(', ')}.`;
    }
    case 'conflict': {
      const { first, second } = part;
      return (
        `Step ${second.step} of ${second.thread} (${second.asks}) comes after step ${first.step} of ` +
        `${first.thread} (${first.asks}).`
      );
    }
    case 'stale':
      return `${part.at.thread} still goes by what it read in step ${part.at.step}.`;
    case 'order':
      return orderText(part);
    case 'waits':
      return `${part.thread} waits for ${part.lock}${part.in ? ` in ${part.in}` : ''}.`;
    case 'lock taken':
      return `${part.lock} was taken ${by(part.at)}.`;
    case 'lock kept':
      return `${part.thread} took ${part.lock}${part.step === null ? '' : ` in step ${part.step}`} and has not released it.`;
    case 'loops':
      return `It goes round because ${pagesText(part.pfn, part.nr_pages)} is not free: ${part.state}.`;
  }
}

/** The steps that a part names, ascending. */
export function whyPartSteps(part: WhyPart): number[] {
  const steps = ((): readonly (number | null)[] => {
    switch (part.kind) {
      case 'entry':
      case 'stale':
      case 'lock taken':
        return [part.at.step];
      case 'page':
      case 'object':
        return part.deeds.map(({ step }) => step);
      case 'conflict':
        return [part.first.step, part.second.step];
      case 'lock kept':
        return [part.step];
      default:
        return [];
    }
  })();
  return steps.filter((step) => step !== null).sort((a, b) => a - b);
}
