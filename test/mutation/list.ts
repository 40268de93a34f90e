import { forms } from './forms.ts';
import { functionsOfForm, type KernelFunction, namesOf, readers, type Sources } from './functions.ts';
import { type Mutation, mutationsOf, type Operator } from './mutants.ts';

/** A mutant: a mutated function in one form. */
export interface Mutant {
  /** "arm64-v5 free_pte_table: without …" */
  readonly name: string;
  readonly form: string;
  readonly fn: string;
  readonly operator: Operator;
  /** The place of the step: "src/…/hotunplug_v5.ts:54". */
  readonly place: string;
  /** Whether it only repeats reads and drops the first results. */
  readonly rereads: boolean;
  /** The key of the mutated function in any form; it selects the mutant. */
  readonly key: string;
  /** The id of the mutated function. */
  readonly of: string;
  /** Kernel names of all functions with mutants in this form: they run as they are written. */
  readonly exactly: readonly string[];
}

export const keyOf = (fn: KernelFunction, { what }: Mutation): string => `${fn.id}: ${what}`;

/** All mutants, form by form, in an order that does not change. */
export async function listMutants(sources: Sources): Promise<Mutant[]> {
  const found: Mutant[] = [];
  for (const form of forms) {
    const functions = await functionsOfForm(sources, form);
    const reads = await readers(sources, form);
    const names = await namesOf(sources, form);
    const exactly = [...new Set(functions.flatMap(names))].sort();
    for (const fn of functions) {
      // a function called by a table's name has the name of another function
      const twin = functions.some((other) => other.name === fn.name && other !== fn);
      const name = twin && fn.table !== null ? `${fn.table}.${fn.name}` : fn.name;
      for (const mutation of mutationsOf(fn)) {
        found.push({
          name: `${form.name} ${name}: ${mutation.what}`,
          form: form.name,
          fn: name,
          operator: mutation.operator,
          place: `${fn.file}:${mutation.line}`,
          rereads: mutation.again !== null && reads(fn, mutation.again),
          key: keyOf(fn, mutation),
          of: fn.id,
          exactly,
        });
      }
    }
  }
  return found;
}
