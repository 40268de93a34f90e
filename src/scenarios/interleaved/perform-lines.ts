import type { Kernel } from '../../kernel/kernel.ts';
import { signature, signatureOf } from '../../releases/signature.ts';
import type { Steps } from '../../steps/step.ts';
import type { Within } from '../../steps/within.ts';
import { BadExpression, type Expression, type ExpressionResult, type Scope, truth } from './expression.ts';
import { LOCKS } from './locks.ts';
import { NotApplicable, scopeOf, unknownName } from './names.ts';
import type { ThreadLine } from './read.ts';

/** The names a scenario or a thread has defined. */
export type Names = Map<string, ExpressionResult>;
type KernelFunction = (this: Kernel, ...args: readonly ExpressionResult[]) => unknown;

const isSteps = (value: unknown): value is Steps<ExpressionResult> =>
  typeof value === 'object' && value !== null && 'next' in value;

/** The kernel function or lock function of a name. @throws NotApplicable if this release has none of that name */
function functionOf(k: Kernel, name: string): KernelFunction {
  const own = (k as unknown as Readonly<Record<string, unknown>>)[name] ?? LOCKS[name];
  if (typeof own !== 'function') throw new NotApplicable(`${k.release} has no ${name}()`);
  return own as KernelFunction;
}

const UNKNOWN = /^(\w+)(\(\))? is not known here$/;

/** The message, with names near one that is not known. */
function withNear(message: string): string {
  const [, name, called] = UNKNOWN.exec(message) ?? [];
  return name === undefined ? message : unknownName(name, called !== undefined);
}

/** Whether it is the error that JavaScript throws when a kernel function is called with wrong arguments. */
const isMisuse = (error: unknown): error is Error =>
  error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;

/** Converts an error in a line that is not a failure of the kernel; the new error names the line. */
function placed(line: Pick<ThreadLine, 'wrong'>, error: unknown): unknown {
  if (error instanceof BadExpression) return line.wrong(withNear(error.message));
  return error;
}

/** The value of an expression in a line. @throws InputError naming the line */
export function valueIn(line: Pick<ThreadLine, 'wrong'>, value: Expression, scope: Scope): ExpressionResult {
  try {
    return value(scope);
  } catch (error) {
    throw placed(line, error);
  }
}

/** The function of a call, after a check of the number of its arguments. @throws NotApplicable */
export function calledBy(k: Kernel, line: ThreadLine & { readonly kind: 'call' }): KernelFunction {
  const own = functionOf(k, line.fn);
  const given = line.args.length;
  if (given < own.length) throw line.wrong(`too few arguments to ${line.fn}(): ${given} of ${own.length}`);
  const takes = signatureOf(line.fn, k.c.arch) ?? signature(own.toString());
  if (takes && given > takes.names.length)
    throw line.wrong(
      `too many arguments to ${line.fn}(${takes.names.join(', ')}): ${given} for ${takes.names.length}`,
    );
  return own;
}

function* call(
  k: Kernel,
  line: ThreadLine & { readonly kind: 'call' },
  args: readonly ExpressionResult[],
  within: Within,
): Steps<ExpressionResult> {
  try {
    const called = calledBy(k, line).apply(k, [...args]);
    return isSteps(called) ? yield* within(line.fn, called, line.text) : (called as ExpressionResult);
  } catch (error) {
    if (isMisuse(error)) throw line.wrong(misused(k, line, error));
    throw placed(line, error);
  }
}

/** A call whose arguments the function cannot use, with what JavaScript says of them. */
function misused(k: Kernel, line: ThreadLine & { readonly kind: 'call' }, { message }: Error): string {
  const takes = signatureOf(line.fn, k.c.arch);
  const head = takes ? `${line.fn}(${takes.names.join(', ')})` : `${line.fn}()`;
  return `${line.text}: ${head} cannot use what it is given (${message})`;
}

function* notSo(text: string): Steps<void> {
  yield { op: 'bug', where: 'expect', text, expectation: true };
}

/** Runs the lines in order; names they define belong to the thread. */
export function* perform(k: Kernel, lines: readonly ThreadLine[], names: Names, within: Within): Steps<void> {
  const scope = scopeOf(k.c, names);
  for (const line of lines) {
    if (line.kind === 'call') {
      const args = line.args.map((arg) => valueIn(line, arg, scope));
      const value = yield* call(k, line, args, within);
      if (line.into !== null) names.set(line.into, value ?? null);
    } else if (!truth(valueIn(line, line.value, scope))) {
      if (line.kind === 'expect') yield* within('expect', notSo(line.text), `expect ${line.text}`);
      return;
    }
  }
}
