import type { Told } from '../../../src/check/checked.ts';
import { checkDesign, type DesignChecked } from '../../../src/check/design/check-design.ts';
import type { Entry } from '../../../src/check/entry.ts';
import { InputError } from '../../../src/errors/input-error.ts';
import * as mhp from '../../../src/index.ts';
import type { DesignedRelease } from '../../../src/releases/design.ts';
import { toldText } from '../../../src/report/check/check-text.ts';
import type { Watch } from '../../../src/schedule/search/pace.ts';

/** Designs that a person writes beside a story. They run in this worker, which can reach nothing but the page. */

const IMPORT = /^\s*import\s+(type\s+)?\{([^}]*)\}\s*from\s*['"]mhp['"]\s*;?/gm;

/** A module of JavaScript that gets what it imports from `mhp` by name. */
export function moduleOf(code: string): string {
  const without = code.replace(IMPORT, (_, type: string | undefined, names: string) =>
    type ? '' : `const {${names.replace(/\bas\b/g, ':')}} = globalThis.mhp;`,
  );
  const other = /^\s*import\b[^\n]*/m.exec(without);
  if (other)
    throw new InputError(
      'design',
      '',
      `imports something else than names of 'mhp': ${other[0].trim().slice(0, 80)}`,
    );
  return without;
}

/** The design of a module. @throws InputError */
async function designOf(code: string): Promise<DesignedRelease> {
  Object.assign(globalThis, { mhp });
  const url = URL.createObjectURL(new Blob([moduleOf(code)], { type: 'text/javascript' }));
  try {
    const module = (await import(/* @vite-ignore */ url)) as { readonly default?: DesignedRelease };
    if (typeof module.default !== 'object' || !('on' in module.default))
      throw new InputError('design', '', 'has no default export made by defineRelease()');
    return module.default;
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('design', '', (error as Error).message);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** What a design did in a scenario whose operations follow one another; null for threads. */
export const stepsText = (told: Told): string | null => (told.kind === 'threads' ? null : toldText(told));

/** Checks a design with an entry. */
export async function checkCode(
  code: string,
  entry: Entry,
  watch: Watch,
): Promise<{ readonly checked: DesignChecked; readonly name: string }> {
  if (entry.kind === 'memmap')
    throw new InputError(entry.id, '', 'is not about kernel functions that a design replaces');
  const design = await designOf(code);
  return { checked: checkDesign(entry, design, { watch, returns: new Map() }), name: design.name };
}
