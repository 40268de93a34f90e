import ts from 'typescript';
import type { KernelFunction } from './functions.ts';

/** The change of a step: it is removed, repeated, or swapped with the next one. */
export type Operator = 'without' | 'twice' | 'swapped';

/** A function with one step changed. */
export interface Mutation {
  /** "without flush_tlb_kernel_range(start, end)": unique within the function. */
  readonly what: string;
  readonly operator: Operator;
  /** The repeated code, as one expression. */
  readonly again: ts.Expression | null;
  /** Line in the function's file, from 1. */
  readonly line: number;
  /** The function's text from its parameters on. */
  readonly text: string;
}

interface Edit {
  readonly what: string;
  readonly operator: Operator;
  readonly at: ts.Node;
  readonly again: ts.Expression | null;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const LONGEST = 72;

/** Source text on one line, without the parts that every step has. */
function brief(text: string): string {
  const line = text
    .replace(/\s+/g, ' ')
    .replace(/yield\* /g, '')
    .replace(/\b(this|k)\.(?=\w+\()/g, '')
    .replace(/,? \)/g, ')')
    .replace(/\( /g, '(')
    .replace(/;$/, '');
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

/** Whether the node has an effect: a step, or a call of a kernel function. */
function acts(node: ts.Node): boolean {
  if (ts.isYieldExpression(node)) return true;
  return ts.forEachChild(node, (child) => acts(child) || undefined) ?? false;
}

/** A count stored in an object that other code sees. */
const isStore = (node: ts.Statement): boolean =>
  ts.isExpressionStatement(node) &&
  ts.isBinaryExpression(node.expression) &&
  ts.isPropertyAccessExpression(node.expression.left);

const isStep = (node: ts.Statement): boolean =>
  (ts.isExpressionStatement(node) && acts(node)) || isStore(node);

function declared(node: ts.Node, names = new Set<string>()): Set<string> {
  if (ts.isVariableStatement(node)) {
    const bind = (name: ts.BindingName): void => {
      if (ts.isIdentifier(name)) names.add(name.text);
      else for (const element of name.elements) if (ts.isBindingElement(element)) bind(element.name);
    };
    for (const { name } of node.declarationList.declarations) bind(name);
  }
  return names;
}

function uses(node: ts.Node, names: ReadonlySet<string>): boolean {
  if (ts.isIdentifier(node) && names.has(node.text)) return true;
  return ts.forEachChild(node, (child) => uses(child, names) || undefined) ?? false;
}

const leavesFunction = (node: ts.Statement): boolean =>
  ts.isReturnStatement(node) ||
  (ts.isBlock(node) && node.statements.length > 0 && leavesFunction(node.statements.at(-1)!));

/** Two alternatives: the next statement is executed instead of this one, not after it. */
const isAlternative = (node: ts.Statement): boolean =>
  ts.isIfStatement(node) && !acts(node.expression) && leavesFunction(node.thenStatement);

/** The name of a statement in a swap. */
function title(node: ts.Statement, source: ts.SourceFile): string {
  const text = (of: ts.Node): string => brief(of.getText(source));
  if (
    ts.isDoStatement(node) ||
    ts.isWhileStatement(node) ||
    ts.isForStatement(node) ||
    ts.isForOfStatement(node)
  )
    return 'the loop';
  if (ts.isIfStatement(node)) {
    const { thenStatement: then } = node;
    return isStep(then) ? text(then) : `if (${text(node.expression)})`;
  }
  return text(node);
}

class Mutator {
  readonly edits: Edit[] = [];
  readonly #source: ts.SourceFile;

  constructor(source: ts.SourceFile) {
    this.#source = source;
  }

  #text = (node: ts.Node): string => node.getText(this.#source);

  #edit(
    operator: Operator,
    what: string,
    node: ts.Node,
    text: string,
    again: ts.Expression | null = null,
  ): void {
    this.edits.push({
      operator,
      again,
      what: `${operator} ${what}`,
      at: node,
      start: node.getStart(this.#source),
      end: node.getEnd(),
      text,
    });
  }

  /** An expression that contains steps and gives a value can only be repeated. */
  #again(expression: ts.Expression): void {
    const text = this.#text(expression);
    this.#edit('twice', brief(text), expression, `((${text}), (${text}))`, expression);
  }

  statement(node: ts.Statement): void {
    if (ts.isBlock(node)) this.#list(node.statements);
    else if (isStep(node)) this.#step(node);
    else if (ts.isVariableStatement(node)) {
      for (const { initializer } of node.declarationList.declarations)
        if (initializer && acts(initializer)) this.#again(initializer);
    } else if (ts.isReturnStatement(node)) {
      if (node.expression && acts(node.expression)) this.#again(node.expression);
    } else if (ts.isIfStatement(node)) this.#choice(node);
    else if (ts.isIterationStatement(node, false)) {
      if (ts.isForOfStatement(node) && acts(node.expression)) this.#again(node.expression);
      this.statement(node.statement);
    }
  }

  #step(node: ts.Statement): void {
    const text = this.#text(node);
    this.#edit('without', brief(text), node, '{}');
    this.#edit('twice', brief(text), node, `{ ${text} ${text} }`);
  }

  /** A condition that takes steps: skipped, with the result of the normal case; or evaluated twice. */
  #choice(node: ts.IfStatement): void {
    const { expression, thenStatement, elseStatement } = node;
    if (acts(expression)) {
      const what = brief(this.#text(expression));
      if (leavesFunction(thenStatement)) this.#edit('without', `if (${what})`, node, '{}');
      else this.#edit('without', `if (${what})`, expression, 'true');
      this.#again(expression);
    }
    this.statement(thenStatement);
    if (elseStatement) this.statement(elseStatement);
  }

  #list(statements: readonly ts.Statement[]): void {
    for (const [i, first] of statements.entries()) {
      this.statement(first);
      const second = statements[i + 1];
      if (!second || ts.isReturnStatement(second) || isAlternative(first)) continue;
      if (!(acts(first) || isStore(first)) || !(acts(second) || isStore(second))) continue;
      if (uses(second, declared(first))) continue;
      const what = `${title(first, this.#source)} and ${title(second, this.#source)}`;
      const start = first.getStart(this.#source);
      this.edits.push({
        operator: 'swapped',
        what: `swapped ${what}`,
        at: first,
        again: null,
        start,
        end: second.getEnd(),
        text: `${this.#text(second)}\n${this.#text(first)}`,
      });
    }
  }
}

/** All mutations of a function, in the order of its text; repeated texts get a number. */
export function mutationsOf({ node }: KernelFunction): Mutation[] {
  const source = node.getSourceFile();
  const mutator = new Mutator(source);
  mutator.statement(node.body!);
  const from = node.parameters.pos - 1;
  const whole = source.text.slice(from, node.getEnd());
  const seen = new Map<string, number>();
  return mutator.edits.map(({ what, operator, at, again, start, end, text }) => {
    const n = (seen.get(what) ?? 0) + 1;
    seen.set(what, n);
    return {
      what: n === 1 ? what : `${what} (${n})`,
      operator,
      again,
      line: source.getLineAndCharacterOfPosition(at.getStart(source)).line + 1,
      text: whole.slice(0, start - from) + text + whole.slice(end - from),
    };
  });
}
