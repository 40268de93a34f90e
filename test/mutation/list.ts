import { forms } from './forms.ts';
import { functionsOfForm, type KernelFunction, namesOf, readers, type Sources } from './functions.ts';
import { type Mutation, mutationsOf, type Operator } from './mutants.ts';

/** A mutated function in one of the forms that has it. */
export interface Mutant {
  /** "S1 free_pte_table: without …" */
  readonly name: string;
  readonly form: string;
  readonly fn: string;
  readonly operator: Operator;
  /** Where the step stands: "src/…/hotunplug_v5.ts:54". */
  readonly place: string;
  /** Nothing but reads is done once more, and what the first came to is dropped. */
  readonly rereads: boolean;
  /** The mutated function, in whatever form: it is switched on by this. */
  readonly key: string;
  /** Kernel names of functions that must run as they are written, so that the mutated one runs. */
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
    for (const fn of functions) {
      // one that is called by a table's name has that of another function
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
          exactly: names(fn),
        });
      }
    }
  }
  return found;
}
