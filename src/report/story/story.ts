import type { KernelWorld } from '../../interleave/kernel-machine.ts';
import { withLockNames } from '../../interleave/lock-names.ts';
import type { Story } from '../../schedule/replay/replay.ts';
import type { ToldEvent } from './clauses.ts';
import { chainText } from './names.ts';
import { shortText } from './number.ts';
import { plainText, sourceText, textOf } from './source-lines.ts';
import { toldKernel } from './told.ts';
import { linesOf, type Merged, merged, type SummaryOptions, summary, type TreeLine } from './tree.ts';
import { kernelWhy, kernelWhyLines, pertinent } from './why.ts';
import type { WhyPart } from './why-parts.ts';

/** A story with more lines than this omits the steps before the first preemption. */
const FEW = 20;
/** The most lines of a story; more are summarised, the least important first. */
const LINES = 28;
/** Consecutive steps of one thread, within one statement. */
interface Piece {
  readonly thread: number;
  readonly label: string;
  readonly events: readonly ToldEvent[];
  /** Whether it comes before the first preemption. */
  readonly prologue: boolean;
  /** Whether its thread is preempted after it. */
  readonly preempted: boolean;
}

/** One line of a story, or a heading between lines. */
export type StoryLine =
  | { readonly kind: 'switch'; readonly text: string; readonly preempts: boolean }
  | { readonly kind: 'statement'; readonly text: string }
  | ({ readonly kind: 'steps' } & TreeLine);

/** A told execution of kernel code as a few lines, and the reason for its failure. */
export function kernelStoryText(story: Story): string {
  const { lines, why } = kernelStory(story);
  const width = `${story.events.length}`.length * 2 + 1;
  const plain = plainText(story);
  const parts = [...lines.map((line) => lineText(line, width)), '', kernelWhyLines(story, why)];
  return `${[...parts, ...(plain === '' ? [] : ['', plain])].join('\n')}\n`;
}

function lineText(line: StoryLine, width: number): string {
  if (line.kind === 'switch') return line.text;
  if (line.kind === 'statement') return `${''.padStart(width)}  ${line.text}`;
  const [first, last] = [line.events[0]!.number, line.events.at(-1)!.number];
  const numbers = first === last ? `${first}` : `${first}-${last}`;
  const lines = line.events.flatMap(({ step }) => step?.line ?? []);
  const text = textOf(lines);
  const told = `${numbers.padStart(width)}  ${line.label === '' ? '' : `${line.label}: `}${line.text}${sourceText(lines)}`;
  return text === undefined ? told : `${told}\n${''.padStart(width)}    | ${text}`;
}

/** The same in parts. The lines together contain all steps of the story, in order. */
export function kernelStory(story: Story): {
  readonly lines: readonly StoryLine[];
  readonly why: readonly WhyPart[];
} {
  const events = toldKernel(story);
  const options = { matters: pertinent(story, events) };
  const all = pieces(story, events);
  const short = (piece: Piece): TreeLine =>
    summary(piece.events, piece.label, { ...options, up_to: piece.preempted });
  const full = all.map((piece) => ({ piece, lines: linesOf(piece.events, piece.label) }));
  const folded = full.map(({ piece, lines }) => ({ piece, lines: piece.prologue ? [short(piece)] : lines }));
  const chosen = laidOut(story, full).length <= FEW ? full : squeezed(story, folded, options);
  return { lines: laidOut(story, chosen), why: kernelWhy(story, events) };
}

interface Opened {
  readonly piece: Piece;
  readonly lines: readonly TreeLine[];
}

/** Merges lines, those first whose merging loses least, until they are few enough or there is one per piece. */
function squeezed(story: Story, opened: readonly Opened[], options: SummaryOptions): readonly Opened[] {
  let now = opened;
  // a round changes one line, and so the merges with its two neighbours alone
  const known = new WeakMap<
    TreeLine,
    { readonly b: TreeLine; readonly last: boolean; readonly made: Merged }
  >();
  const merge = (a: TreeLine, b: TreeLine, label: string, last: boolean): Merged => {
    const before = known.get(a);
    if (before?.b === b && before.last === last) return before.made;
    const made = merged(a, b, label, { ...options, up_to: last });
    known.set(a, { b, last, made });
    return made;
  };
  while (laidOut(story, now).length > LINES) {
    const merges = now.flatMap(({ piece, lines }, at) =>
      lines.slice(1).map((line, i) => {
        const last = i + 2 === lines.length && piece.preempted;
        return { at, i, ...merge(lines[i]!, line, piece.label, last) };
      }),
    );
    const best = merges.reduce((a, b) => (a && a.cost <= b.cost ? a : b), merges[0]);
    if (!best) break;
    now = now.map((one, at) =>
      at === best.at ? { ...one, lines: one.lines.toSpliced(best.i, 2, best.line) } : one,
    );
  }
  return now;
}

/** The steps of a thread in one statement until another thread runs. The failing step is a piece of its own. */
function pieces(story: Story, events: readonly ToldEvent[]): Piece[] {
  const preemption = events.findIndex(({ preempts }) => preempts);
  const prologue = preemption < 0 ? 0 : preemption;
  const wrong = story.violation && (events.at(-1)?.fault || events.at(-1)?.notice) ? events.length - 1 : -1;
  const found: Piece[] = [];
  const begun = new Set<string>();
  for (let i = 0; i < events.length; ) {
    const { thread, step } = events[i]!;
    const call = step?.by?.[0];
    let end = i + 1;
    while (
      end < events.length &&
      end !== wrong &&
      events[end]!.thread === thread &&
      events[end]!.step?.by?.[0]?.nr === call?.nr
    )
      end++;
    const next = events[end];
    const key = `${thread} ${call?.nr}`;
    const label = call
      ? begun.has(key)
        ? `… ${call.fn}()`
        : (call.text ?? `${call.fn}()`)
      : story.threads[thread]!;
    begun.add(key);
    found.push({
      thread,
      label: i === wrong ? chainText(step) : label,
      events: events.slice(i, end),
      prologue: end <= prologue,
      preempted: next?.preempts === true,
    });
    i = end;
  }
  return found;
}

function laidOut(story: Story, all: readonly Opened[]): StoryLine[] {
  const found: StoryLine[] = [];
  for (const [i, { piece, lines }] of all.entries()) {
    const before = all[i - 1]?.piece;
    if (piece.thread !== before?.thread) found.push(switchLine(story, before, piece));
    const one = lines.length === 1 ? lines[0]! : undefined;
    if (one && shortOf(piece.label, one)) found.push({ kind: 'steps', ...one, label: piece.label });
    else {
      found.push({ kind: 'statement', text: piece.label });
      for (const line of lines)
        found.push({ kind: 'steps', ...line, label: line.label === piece.label ? '' : line.label });
    }
  }
  return found;
}

/** If a statement has only one line, the line can stand beside it. */
const shortOf = (label: string, { text }: TreeLine): boolean => label.length + text.length < 110;

function switchLine(story: Story, before: Piece | undefined, { thread, events }: Piece): StoryLine {
  const name = story.threads[thread]!;
  if (!before) return { kind: 'switch', text: `-- ${name} runs`, preempts: false };
  const { preempts, number } = events[0]!;
  const left = story.threads[before.thread]!;
  const next =
    story.events.find((event) => event.thread === before.thread && event.number > number)?.step ??
    story.pending[before.thread];
  const where = chainText(next);
  if (preempts)
    return {
      kind: 'switch',
      text: `-- ${left} is preempted${where ? ` in ${where}` : ''}; ${name} runs`,
      preempts,
    };
  const { state } = story.end.world<KernelWorld>();
  const waits =
    next?.op === 'lock'
      ? `waits for ${withLockNames(state, shortText(next.lock))}`
      : next
        ? 'waits'
        : 'has ended';
  return { kind: 'switch', text: `-- ${left} ${waits}; ${name} runs`, preempts };
}
