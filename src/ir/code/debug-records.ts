import type { InstructionOf } from '../read/instructions.ts';
import type { TypedValue } from '../read/values.ts';
import type { Values } from './values.ts';

/** Notes the value that a C variable has from here on. */
export function record(v: Values, i: InstructionOf<'dbg'>): void {
  if (i.variable < 0) return;
  v.assembler.note(i.variable, v.known(i.a), i.declares);
}

/** The same record as a call, as written by compilers before LLVM 19. */
export function recordOfCall(v: Values, name: string, args: readonly TypedValue[]): void {
  const [value, variable, expression] = args;
  const number = variable?.value.kind === 'metadata' ? /^!(\d+)/.exec(variable.value.text) : null;
  const local = value?.value.kind === 'metadata' ? /%([-$._\w]+)$/.exec(value.value.text) : null;
  if (!number) return;
  const whole = expression?.value.kind === 'metadata' && expression.value.text.trim() === '!DIExpression()';
  const register = local && whole ? v.registerOf(local[1]!) : null;
  v.assembler.note(Number(number[1]), register, name === 'llvm.dbg.declare');
}
