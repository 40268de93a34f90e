import { UserError } from '../../errors/user-error.ts';
import { parseSize } from '../../machines/text/size.ts';

/** The value of an expression. An address is a negative number, its distance from 2^64. */
export type ExpressionResult = number | string | boolean | null | readonly ExpressionResult[];

/** The meanings of names and functions in an expression. Both members return undefined for unknown names. */
export interface Scope {
  name(name: string): ExpressionResult | undefined;
  call(name: string, args: readonly ExpressionResult[]): ExpressionResult | undefined;
}

/** An expression that cannot be parsed, or that has no value. */
export class BadExpression extends UserError {
  override readonly name = 'BadExpression';
}

export type Expression = (scope: Scope) => ExpressionResult;

const TOKEN =
  /\s*(?:(?<size>0[xX][0-9a-fA-F]+|\d+(?:[KMGTP](?:iB)?)?\b)|(?<word>[A-Za-z_]\w*)|'(?<text>[^']*)'|(?<sign>==|!=|<=|>=|[-+*<>()[\],]))/y;

interface Token {
  readonly kind: 'size' | 'word' | 'text' | 'sign' | 'end';
  readonly text: string;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const source = text.trimEnd();
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(source)?.groups;
    const [kind, value] = Object.entries(groups ?? {}).find(([, part]) => part !== undefined) ?? [];
    if (kind === undefined) throw new BadExpression(strange(source.slice(at).trimStart()));
    found.push({ kind: kind as Token['kind'], text: value! });
  }
  return [...found, { kind: 'end', text: '' }];
}

function strange(rest: string): string {
  const what = `${JSON.stringify(rest.slice(0, 20))} is not part of an expression`;
  if (rest.startsWith('=')) return `${what}: == compares`;
  return rest.startsWith('"') ? `${what}: texts are written 'text'` : what;
}

/**
 * An expression: sums and products of numbers, sizes (16K, 0x1000), names and calls; comparisons; `and`, `or`; 'texts', [lists],
 * true, false, null. Sizes are bytes.
 * @throws BadExpression
 */
export function parseExpression(text: string): Expression {
  const parser = new Parser(tokens(text));
  const expression = parser.either();
  parser.end();
  return expression;
}

/** A call on its own: name and arguments. @throws BadExpression */
export function parseCall(text: string): { readonly fn: string; readonly args: readonly Expression[] } {
  const parser = new Parser(tokens(text));
  const call = parser.call();
  parser.end();
  return call;
}

/** A name in an expression, and whether it is called there. */
export interface Use {
  readonly name: string;
  readonly called: boolean;
}

/** The names that an expression uses, each once. @throws BadExpression */
export function usesIn(text: string): Use[] {
  const read = tokens(text);
  const uses = read.flatMap(({ kind, text: name }, i) =>
    kind === 'word' &&
    !Object.hasOwn(CONSTANTS, name) &&
    !Object.hasOwn(BOTH, name) &&
    !Object.hasOwn(EITHER, name)
      ? [{ name, called: read[i + 1]!.text === '(' }]
      : [],
  );
  return uses.filter(({ name }, i) => uses.findIndex((one) => one.name === name) === i);
}

type Binary = (a: ExpressionResult, b: ExpressionResult) => ExpressionResult;

const number = (value: ExpressionResult, what: string): number => {
  if (typeof value !== 'number')
    throw new BadExpression(`${what} takes numbers, not ${JSON.stringify(value)}`);
  return value;
};
const arithmetic =
  (sign: string, of: (a: number, b: number) => number | boolean): Binary =>
  (a, b) =>
    of(number(a, sign), number(b, sign));

const SUMS: Readonly<Record<string, Binary>> = {
  '+': arithmetic('+', (a, b) => a + b),
  '-': arithmetic('-', (a, b) => a - b),
};
const PRODUCTS: Readonly<Record<string, Binary>> = { '*': arithmetic('*', (a, b) => a * b) };
const COMPARISONS: Readonly<Record<string, Binary>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': arithmetic('<', (a, b) => a < b),
  '<=': arithmetic('<=', (a, b) => a <= b),
  '>': arithmetic('>', (a, b) => a > b),
  '>=': arithmetic('>=', (a, b) => a >= b),
};
const BOTH: Readonly<Record<string, Binary>> = { and: (a, b) => truth(a) && truth(b) };
const EITHER: Readonly<Record<string, Binary>> = { or: (a, b) => truth(a) || truth(b) };

/** Whether a value counts as true: all but undefined, 0, null and false. */
export const truth = (value: ExpressionResult): boolean => value !== null && value !== 0 && value !== false;

const CONSTANTS: Readonly<Record<string, ExpressionResult>> = { true: true, false: false, null: null };

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(read: readonly Token[]) {
    this.#tokens = read;
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  end(): void {
    if (this.#next.kind !== 'end') throw this.#wrong();
  }

  either(): Expression {
    return this.#chain(EITHER, () =>
      this.#chain(BOTH, () =>
        this.#chain(COMPARISONS, () => this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#unary()))),
      ),
    );
  }

  call(): { fn: string; args: Expression[] } {
    if (this.#next.kind !== 'word') throw this.#wrong();
    const fn = this.#take();
    this.#sign('(');
    return { fn, args: this.#list(')') };
  }

  #chain(signs: Readonly<Record<string, Binary>>, operand: () => Expression): Expression {
    let left = operand();
    while (this.#next.kind !== 'text' && Object.hasOwn(signs, this.#next.text)) {
      const of = signs[this.#take()]!;
      const [a, b] = [left, operand()];
      left = (scope) => of(a(scope), b(scope));
    }
    return left;
  }

  #unary(): Expression {
    if (this.#next.kind !== 'sign' || this.#next.text !== '-') return this.#primary();
    this.#take();
    const operand = this.#unary();
    return (scope) => -number(operand(scope), '-');
  }

  #primary(): Expression {
    const { kind, text } = this.#next;
    if (kind === 'word') {
      const follows = this.#tokens[this.#at + 1]!;
      if (follows.kind === 'sign' && follows.text === '(') {
        const { fn, args } = this.call();
        return (scope) =>
          known(
            scope.call(
              fn,
              args.map((arg) => arg(scope)),
            ),
            `${fn}()`,
          );
      }
      this.#take();
      return Object.hasOwn(CONSTANTS, text)
        ? () => CONSTANTS[text]!
        : (scope) => known(scope.name(text), text);
    }
    if (kind === 'end' || (kind === 'sign' && text !== '(' && text !== '[')) throw this.#wrong();
    this.#take();
    if (kind === 'text') return () => text;
    if (kind === 'size') {
      const value = parseSize(text);
      if (value === undefined) throw new BadExpression(`${text} is not below 2^53`);
      return () => value;
    }
    if (text === '[') {
      const items = this.#list(']');
      return (scope) => items.map((item) => item(scope));
    }
    const inner = this.either();
    this.#sign(')');
    return inner;
  }

  #list(close: string): Expression[] {
    const items: Expression[] = [];
    if (this.#next.kind === 'sign' && this.#next.text === close) {
      this.#take();
      return items;
    }
    for (;;) {
      items.push(this.either());
      if (this.#next.text !== ',') break;
      this.#take();
    }
    this.#sign(close);
    return items;
  }

  #sign(text: string): void {
    if (this.#next.kind !== 'sign' || this.#next.text !== text) throw this.#wrong(text);
    this.#take();
  }

  #take(): string {
    return this.#tokens[this.#at++]!.text;
  }

  #wrong(wanted = ''): BadExpression {
    const { kind, text } = this.#next;
    const found = kind === 'end' ? 'its end' : JSON.stringify(text);
    return new BadExpression(
      wanted ? `${JSON.stringify(wanted)} is missing before ${found}` : `${found} comes unexpected`,
    );
  }
}

function known(value: ExpressionResult | undefined, what: string): ExpressionResult {
  if (value === undefined) throw new BadExpression(`${what} is not known here`);
  return value;
}
