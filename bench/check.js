// Runs entries of the catalogue in one process, one after another, each on its releases. Prints one JSON object per
// line.
import { performance } from 'node:perf_hooks';
import { checkEntry } from '../dist/check/check-entry.js';
import { catalogue } from '../dist/cli/inputs/catalogue.js';

for (const { entry } of catalogue()) {
  for (const release of [entry.release, ...entry.fixed]) {
    const began = performance.now();
    const { verdict, states } = checkEntry(entry, release);
    const seconds = (performance.now() - began) / 1000;
    console.log(JSON.stringify({ id: entry.id, kind: entry.kind, release, verdict, states, seconds }));
  }
}
