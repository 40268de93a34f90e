import type { Int64 } from '../../ir/read/values.ts';
import type { Site } from './site.ts';

/** Whether a variable is the struct _ddebug of a pr_debug(), which CONFIG_DYNAMIC_DEBUG makes. */
export const isDebugMessage = (variable: string): boolean => /__UNIQUE_ID_ddebug\d+(?:@\d+)?$/.test(variable);

/** The source file of a pr_debug(), from its struct _ddebug. */
export function fileOfDebug({ program }: Site, { lo, hi }: Int64): string {
  const { offset, size } = program.member('_ddebug', 'filename');
  return program.text(program.constant({ lo: lo + offset, hi }, size));
}

/**
 * Whether the static key of a struct _ddebug is enabled: dyndbg= has switched on its file.
 * @param key the key's address; bit 0 may be set
 * @param offset that of the key in the struct
 */
export function isDebugEnabled(site: Site, key: Int64, offset: number): boolean {
  if (offset !== site.program.member('_ddebug', 'key').offset) return site.stop('a static key of a message');
  return site.k.c.dyndbg.includes(fileOfDebug(site, { lo: (key.lo & ~1) - offset, hi: key.hi }));
}
