import type { Call } from '../../steps/within.ts';
import { type Clause, clauses, clausesText, type ToldEvent } from './clauses.ts';
import { isMacro } from './names.ts';

/** Characters in a line, without step numbers. */
const WIDTH = 104;

/** Steps told in one line. */
export interface TreeLine {
  /** The function, or the call as it was written. */
  readonly label: string;
  readonly text: string;
  readonly events: readonly ToldEvent[];
}

/** The steps of one call, and the calls in it. */
interface Node {
  readonly label: string;
  readonly parts: readonly (ToldEvent | Node)[];
}

const isNode = (part: ToldEvent | Node): part is Node => 'parts' in part;

/** The call at a depth of the step's chain of calls, of functions and not of macros. */
const callAt = (event: ToldEvent, depth: number): Call | undefined =>
  event.step?.by?.filter(({ fn }) => !isMacro(fn))[depth];

function tree(events: readonly ToldEvent[], depth: number, label: string): Node {
  const parts: (ToldEvent | Node)[] = [];
  for (let i = 0; i < events.length; ) {
    const call = callAt(events[i]!, depth);
    if (!call) {
      parts.push(events[i++]!);
      continue;
    }
    let end = i;
    while (end < events.length && callAt(events[end]!, depth)?.nr === call.nr) end++;
    parts.push(tree(events.slice(i, end), depth + 1, `${call.fn}()`));
    i = end;
  }
  return { label, parts };
}

const eventsOf = (part: ToldEvent | Node): readonly ToldEvent[] =>
  isNode(part) ? part.parts.flatMap(eventsOf) : [part];

/** The innermost call that contains all its steps. */
function innermost(node: Node): Node {
  const [only] = node.parts;
  return node.parts.length === 1 && isNode(only!) ? innermost(only) : node;
}

/** Steps of one thread in one statement as lines, one per function if that is wide enough. */
export const linesOf = (events: readonly ToldEvent[], label: string): TreeLine[] =>
  lines(innermost(tree(events, 0, label)));

function lines(call: Node): TreeLine[] {
  const whole = told(call);
  if (fits(whole)) return [whole];
  const node = innermost(call);
  const found: TreeLine[] = [];
  let direct: ToldEvent[] = [];
  const flush = (): void => {
    if (direct.length > 0) found.push(...packed(node.label, clauses(direct)));
    direct = [];
  };
  for (const part of node.parts) {
    if (!isNode(part) || isLookup(part)) direct.push(...eventsOf(part));
    else {
      flush();
      found.push(...lines(part));
    }
  }
  flush();
  return withoutStale(found);
}

/** A walk that finds nothing new is told with the steps it leads to, or else with those before it. */
function withoutStale(all: readonly TreeLine[]): TreeLine[] {
  const found: TreeLine[] = [];
  let waiting: readonly ToldEvent[] = [];
  for (const line of all) {
    if (line.events.every(({ stale }) => stale)) waiting = [...waiting, ...line.events];
    else {
      found.push({ ...line, events: [...waiting, ...line.events] });
      waiting = [];
    }
  }
  const last = found.at(-1);
  if (!last) return [...all];
  return [...found.slice(0, -1), { ...last, events: [...last.events, ...waiting] }];
}

function told(node: Node): TreeLine {
  const events = eventsOf(node);
  return { label: node.label, text: clausesText(clauses(events)), events };
}

const length = ({ label, text }: TreeLine): number => label.length + 2 + text.length;
const fits = (line: TreeLine): boolean => length(line) <= WIDTH;

/** A call that only looks something up is told as part of its caller. */
function isLookup(node: Node): boolean {
  const events = eventsOf(node);
  return events.every(({ told: { effect } }) => !effect) && fits(told(node));
}

/** Clauses spread over as many lines as needed. */
function packed(label: string, all: readonly Clause[]): TreeLine[] {
  const found: TreeLine[] = [];
  let row: Clause[] = [];
  const line = (of: readonly Clause[]): TreeLine => ({
    label,
    text: clausesText(of),
    events: of.flatMap(({ events }) => events),
  });
  for (const one of all) {
    if (row.length > 0 && !fits(line([...row, one]))) {
      found.push(line(row));
      row = [];
    }
    row.push(one);
  }
  return row.length > 0 ? [...found, line(row)] : found;
}

export interface SummaryOptions {
  /** Steps that a summary must not omit. */
  readonly matters: (event: ToldEvent) => boolean;
  /** The last step is always told: its thread is preempted after it. */
  readonly up_to?: boolean;
}

/** A summary names at most this many of the steps that matter, the last ones. */
const NAMED = 3;

/** Where no step matters: the first effects, or else what was read, as many as fit. */
function firstThatFit(events: readonly ToldEvent[], label: string, last: ToldEvent | undefined): string[] {
  const others = events.filter((event) => event !== last && !event.told.minor && !event.stale);
  const effective = others.filter(({ told: { effect } }) => effect);
  const effects = clauses(effective.length > 0 ? effective : others);
  const room =
    WIDTH - label.length - (last?.told.text.length ?? 0) - `${events.length} steps: ; …, up to `.length;
  const found: string[] = [];
  let used = 0;
  for (const { text } of effects) {
    used += text.length + 2;
    if (used > room) return found.length === 0 ? [] : [...found, '…'];
    found.push(text);
  }
  return found;
}

/** Steps in one line that gives their number and the steps that matter. */
export function summary(
  events: readonly ToldEvent[],
  label: string,
  { matters, up_to = false }: SummaryOptions,
): TreeLine {
  const whole: TreeLine = { label, text: clausesText(clauses(events)), events };
  if (fits(whole)) return whole;
  const last = up_to ? events.at(-1) : undefined;
  const mattering = events.filter((event) => event !== last && matters(event) && !event.stale);
  const texts = clauses(mattering)
    .map(({ text }) => text)
    .filter((text) => text !== last?.told.text);
  const named = texts.length > 0 ? texts.slice(-NAMED) : firstThatFit(events, label, last);
  if (texts.length > NAMED) named.unshift('…');
  const of = named.length > 0 ? `: ${named.join('; ')}` : '';
  return { label, text: `${events.length} steps${of}${last ? `, up to ${last.told.text}` : ''}`, events };
}

/** The innermost function that contains all the steps; `label` if there is none. */
function common(events: readonly ToldEvent[], label: string): string {
  let name = label;
  for (let depth = 0; ; depth++) {
    const call = callAt(events[0]!, depth);
    if (!call || events.some((event) => callAt(event, depth)?.nr !== call.nr)) return name;
    name = `${call.fn}()`;
  }
}

/** One line in place of two consecutive ones, and the information that it loses. */
export interface Merged {
  readonly line: TreeLine;
  readonly cost: number;
}

export function merged(a: TreeLine, b: TreeLine, label: string, options: SummaryOptions): Merged {
  const events = [...a.events, ...b.events];
  const line = summary(events, common(events, label), options);
  if (fits(line) && !/^\d+ steps/.test(line.text)) return { line, cost: length(line) };
  const weighs = (event: ToldEvent): boolean => options.matters(event) || event.told.text.startsWith('tlbi');
  const lost = [a, b].filter((one) => one.events.some(weighs)).length;
  return { line, cost: 1000 * (lost + 1) + events.length };
}
