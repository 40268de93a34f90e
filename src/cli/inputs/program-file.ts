import { InputError } from '../../errors/input-error.ts';
import { UserError } from '../../errors/user-error.ts';
import type { Exploration } from '../../schedule/search/exploration.ts';
import type { Bundle } from '../files/design-bundle.ts';

/** A user's program in a form that can be sent to a worker. */
export interface ProgramFile {
  readonly file: string;
  readonly bundle: Bundle;
}

/** Whether a name is that of a module rather than of a built-in program. */
export const isModule = (name: string): boolean => /\.[cm]?[jt]s$/.test(name);

/** @throws InputError */
export async function readProgram(file: string): Promise<ProgramFile> {
  const { bundleDesign } = await import('../files/design-bundle.ts');
  return { file, bundle: await bundleDesign(file) };
}

/**
 * The exploration in a user's module: its default export. Its output goes to standard error.
 * @throws InputError
 */
export async function loadProgram({ file, bundle }: ProgramFile): Promise<Exploration> {
  console.log = console.error;
  const url = `data:text/javascript;base64,${Buffer.from(bundle.code).toString('base64')}`;
  const module = await ofUser(file, () => import(url) as Promise<{ readonly default?: unknown }>);
  const asked = module.default as Partial<Exploration> | undefined;
  if (typeof asked?.states !== 'function')
    throw new InputError(file, '', 'its default export is not what explore() of mhp/explorer returns');
  return asked as Exploration;
}

/** Runs work that may run code of a user's module; an exception becomes an error about that module. */
export async function ofUser<T>(file: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof UserError) throw new InputError(file, '', error.message);
    throw new InputError(
      file,
      '',
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    );
  }
}
