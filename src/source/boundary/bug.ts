import type { Steps } from '../../steps/step.ts';
import { modelName } from './names.ts';
import type { Site } from './site.ts';

/** Static functions of the tree that the kernel's compiler inlines. */
const INLINED: ReadonlySet<string> = new Set(['check_pfn_span', '__remove_section']);

/** The entry of the bug table at which the C is: a BUG, or a warning, of the first function that is not inlined. */
export function* bugEntry(
  { k, chain, program, said }: Site,
  { warning, once }: { readonly warning: boolean; readonly once: boolean },
  isInlined: (fn: string) => boolean = () => false,
): Steps<void> {
  const where = modelName(
    chain.find((fn) => !INLINED.has(fn) && !isInlined(fn)) ?? chain[0]!,
    program.bundle,
  );
  const { text } = said;
  delete said.text;
  if (!warning) yield* k.BUG(where);
  else if (once) yield* k.WARN_ON_ONCE(where);
  else yield* k.WARN(where, text);
}
