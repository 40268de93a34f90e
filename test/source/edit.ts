/** Edits of C by function and call, for trees that are broken on purpose: no line of a tree is needed to describe one. */

/** An edit as edits.yaml has it: exactly one of the ways. */
export interface Edit {
  readonly file: string;
  readonly fn: string;
  readonly about: string;
  /** Options of the kernel in which it shows, beside the default ones: NAME=value. */
  readonly with?: readonly string[];
  /** The first statements that call these go. */
  readonly drop?: readonly string[];
  /** The if statement whose condition calls this goes. */
  readonly unless?: string;
  /** The statement that calls the first is moved before the one that calls the second. */
  readonly move?: readonly [call: string, before: string];
  /** In the nth call, an argument becomes an expression; both count from 1. */
  readonly argument?: readonly [call: string, nth: number, argument: number, expression: string];
  /** The first text of this form in the function becomes another. */
  readonly expression?: readonly [from: string, to: string];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The end of a bracket that opens at a place: the place after the one that closes it. */
function closing(text: string, open: number): number {
  const pairs: Record<string, string> = { '(': ')', '{': '}' };
  const [from, to] = [text[open]!, pairs[text[open]!]!];
  for (let depth = 0, at = open; at < text.length; at++) {
    if (text[at] === from) depth++;
    else if (text[at] === to && --depth === 0) return at + 1;
  }
  throw new Error('a bracket that is not closed');
}

/** The body of a function, from its brace on. */
function bodyOf(text: string, fn: string): Span {
  for (const { index } of text.matchAll(new RegExp(`\\b${fn}\\(`, 'g'))) {
    const after = closing(text, text.indexOf('(', index));
    const open = /^\s*\{/.exec(text.slice(after));
    if (!open) continue;
    const start = after + open[0].length - 1;
    return { start, end: closing(text, start) };
  }
  throw new Error(`no function ${fn}()`);
}

/** The nth call of a function in a span: from its name to its closing bracket. */
function callIn(text: string, { start, end }: Span, call: string, nth = 1): Span {
  const found = [...text.slice(start, end).matchAll(new RegExp(`\\b${call}\\s*\\(`, 'g'))][nth - 1];
  if (!found) throw new Error(`no call ${nth} of ${call}()`);
  const at = start + found.index;
  return { start: at, end: closing(text, at + found[0].length - 1) };
}

/** The statement of a call: from what ends the one before to its semicolon. */
function statementOf(text: string, span: Span, call: string): Span {
  const found = callIn(text, span, call);
  let start = found.start;
  while (!/[;{})]/.test(text[start - 1]!)) start--;
  return { start, end: text.indexOf(';', found.end) + 1 };
}

const without = (text: string, { start, end }: Span): string => `${text.slice(0, start)} ;${text.slice(end)}`;

/** The text of a file after an edit. @throws Error if the function or the call is not there */
export function edited(text: string, edit: Edit): string {
  const body = bodyOf(text, edit.fn);
  if (edit.drop) {
    return edit.drop.reduce((now, call) => without(now, statementOf(now, bodyOf(now, edit.fn), call)), text);
  }
  if (edit.unless) {
    const call = callIn(text, body, edit.unless);
    const start = text.lastIndexOf('if (', call.start);
    const after = closing(text, start + 3);
    return without(text, { start, end: text.indexOf(';', after) + 1 });
  }
  if (edit.move) {
    const moved = statementOf(text, body, edit.move[0]);
    const before = statementOf(text, body, edit.move[1]);
    if (moved.start < before.end) throw new Error(`${edit.move[0]}() is before ${edit.move[1]}() already`);
    return `${text.slice(0, before.start)}${text.slice(moved.start, moved.end)}${text.slice(before.start, moved.start)} ;${text.slice(moved.end)}`;
  }
  if (edit.argument) {
    const [name, nth, argument, expression] = edit.argument;
    const call = callIn(text, body, name, nth);
    const open = text.indexOf('(', call.start);
    const list = text.slice(open + 1, call.end - 1).split(',');
    list[argument - 1] = expression;
    return `${text.slice(0, open + 1)}${list.join(', ')}${text.slice(call.end - 1)}`;
  }
  const [from, to] = edit.expression!;
  const form = from.split(/\s+/).map((word) => word.replace(/[|()[\]*+?.\\^$]/g, '\\$&'));
  const found = new RegExp(form.join('\\s*')).exec(text.slice(body.start, body.end));
  if (!found) throw new Error(`no ${from} in ${edit.fn}()`);
  const at = body.start + found.index;
  return `${text.slice(0, at)}${to}${text.slice(at + found[0].length)}`;
}
