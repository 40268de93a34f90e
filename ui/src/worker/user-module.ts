import { InputError } from '../../../src/errors/input-error.ts';

/** Modules that a person writes in the lab: designs and programs. They run in this worker, which can reach nothing but the page. */

const IMPORT = /^\s*import\s+(type\s+)?\{([^}]*)\}\s*from\s*['"]([^'"]*)['"]\s*;?/gm;

/** A module of JavaScript that gets what it imports by name from what it is given. @throws InputError */
export function moduleOf(code: string, what: string, given: readonly string[]): string {
  const without = code.replace(IMPORT, (whole, type: string | undefined, names: string, from: string) => {
    if (!given.includes(from)) return whole;
    return type ? '' : `const {${names.replace(/\bas\b/g, ':')}} = globalThis.given['${from}'];`;
  });
  const other = /^\s*import\b[^\n]*/m.exec(without);
  if (other)
    throw new InputError(
      what,
      '',
      `imports something else than names of ${given.map((name) => `'${name}'`).join(' or ')}: ${other[0].trim().slice(0, 80)}`,
    );
  return without;
}

/**
 * What a module exports as its default.
 * @param given by specifier
 * @throws InputError
 */
export async function defaultOf(
  code: string,
  what: string,
  given: Readonly<Record<string, object>>,
): Promise<unknown> {
  Object.assign(globalThis, { given });
  const module = moduleOf(code, what, Object.keys(given));
  const url = URL.createObjectURL(new Blob([module], { type: 'text/javascript' }));
  try {
    return ((await import(/* @vite-ignore */ url)) as { readonly default?: unknown }).default;
  } catch (error) {
    throw new InputError(what, '', error instanceof Error ? error.message : String(error));
  } finally {
    URL.revokeObjectURL(url);
  }
}
