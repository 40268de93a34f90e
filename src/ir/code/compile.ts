import type { IrFunction, IrModule } from '../read/module.ts';
import { Assembler } from './assembler.ts';
import type { Code, Surroundings } from './code.ts';
import { translate } from './translate.ts';

/**
 * Compiles a function. A construct that it cannot compile becomes an instruction that stops the run when it is reached.
 */
export function compile(program: Surroundings, module: IrModule, fn: IrFunction, number: number): Code {
  const assembler = new Assembler();
  const parameters = translate(program, module, fn, assembler);
  return assembler.finish({ number, name: fn.name, module }, parameters);
}
