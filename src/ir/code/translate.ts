import type { IrInstruction } from '../read/instructions.ts';
import type { BasicBlock, IrFunction, IrModule } from '../read/module.ts';
import { IrStop } from '../stop.ts';
import { binary, cast, extractvalue, freeze, icmp, insertvalue, select } from './arithmetic.ts';
import type { Assembler, Register } from './assembler.ts';
import { call } from './calls.ts';
import type { Surroundings } from './code.ts';
import { record } from './debug-records.ts';
import { blockLabel, Jumps } from './jumps.ts';
import { alloca, gep, load, store } from './memory.ts';
import { Values } from './values.ts';

const ENTRY = 'entry of the function';

/** Translates a function's blocks; returns the registers of its parameters. */
export function translate(
  program: Surroundings,
  module: IrModule,
  fn: IrFunction,
  assembler: Assembler,
): readonly Register[] {
  const values = new Values(program, module, fn, assembler);
  const jumps = new Jumps(values, fn.blocks);
  const registers = fn.parameters.map(({ name, type }) => values.define(name, type));
  if (fn.blocks.length > 0) assembler.label(ENTRY);
  for (const block of fn.blocks) translateBlock(values, jumps, block);
  return registers;
}

function translateBlock(values: Values, jumps: Jumps, { name, code }: BasicBlock): void {
  const { assembler } = values;
  assembler.label(blockLabel(name));
  for (const instruction of code) {
    if (instruction.dbg >= 0) assembler.dbg = instruction.dbg;
    try {
      translateInstruction(values, jumps, instruction, name);
    } catch (error) {
      if (!(error instanceof IrStop)) throw error;
      assembler.stop(error.kind, error.subject);
    }
  }
}

function translateInstruction(v: Values, jumps: Jumps, i: IrInstruction, block: string): void {
  switch (i.op) {
    case 'phi':
      v.define(i.result, i.type);
      return;
    case 'binary':
      binary(v, i);
      return;
    case 'icmp':
      icmp(v, i);
      return;
    case 'cast':
      cast(v, i);
      return;
    case 'freeze':
      freeze(v, i);
      return;
    case 'select':
      select(v, i);
      return;
    case 'load':
      load(v, i);
      return;
    case 'store':
      store(v, i);
      return;
    case 'alloca':
      alloca(v, i);
      return;
    case 'gep':
      gep(v, i);
      return;
    case 'extractvalue':
      extractvalue(v, i);
      return;
    case 'insertvalue':
      insertvalue(v, i);
      return;
    case 'call':
      call(v, jumps, i, block);
      return;
    case 'br':
      jumps.br(i, block);
      return;
    case 'condbr':
      jumps.condbr(i, block);
      return;
    case 'switch':
      jumps.switch(i, block);
      return;
    case 'ret': {
      const values = i.a ? v.operands(i.a.type, i.a.value) : [];
      v.assembler.raw('ret', [values.length, ...values.map((register) => ({ register }))], [], values);
      return;
    }
    case 'unreachable':
      v.assembler.stop('unreachable', 'unreachable instruction');
      return;
    case 'dbg':
      record(v, i);
      return;
    case 'cmpxchg':
    case 'atomicrmw':
    case 'fence':
      throw new IrStop('opcode', i.op, v.fn.name);
    case 'other':
      throw new IrStop('opcode', i.name, v.fn.name);
  }
}
