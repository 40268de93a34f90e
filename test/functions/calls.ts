// npm run calls -- --write: writes src/kernel/calls.json, the entries of the catalogue that call each function of the kernel and
// the locks that its callers hold
import { writeFileSync } from 'node:fs';
import { CallTable, entryCalls } from '../../src/check/calls/entry-calls.ts';
import { catalogue } from '../../src/cli/inputs/catalogue.ts';
import { isKernelFunction } from '../../src/kernel/function-names.ts';
import { findRelease } from '../../src/releases/index.ts';
import { mutations } from '../../src/releases/mutations/index.ts';

export const path = new URL('../../src/kernel/calls.json', import.meta.url);

/** The text of src/kernel/calls.json as the catalogue has it now. */
export function callsText(): string {
  const table = new CallTable();
  for (const { entry } of catalogue()) {
    if (entry.kind === 'memmap') continue;
    // a mutation may run access by access what a release runs in batches
    for (const release of new Set([entry.release, ...entry.fixed].map((name) => findRelease(name)!)))
      if (!mutations.includes(release)) entryCalls(entry, release, (call) => table.note(entry.id, call));
  }
  const lines = [...table.all()]
    .filter(([fn]) => isKernelFunction(fn))
    .map(([fn, calls]) => `${JSON.stringify(fn)}: ${JSON.stringify(calls)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

if (process.argv.includes('--write')) writeFileSync(path, callsText());
