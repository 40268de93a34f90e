import { boot } from '../boot/boot.ts';
import { findRelease, type Release } from '../releases/index.ts';
import { Session } from '../scenarios/running/session.ts';
import type { StepsEntry } from './entry.ts';
import { type Variation, variedLayout, variedMachine } from './variation.ts';

/** The machine of an entry whose operations run one after the other, booted. A release is named as it is modelled. */
export function entrySession(entry: StepsEntry, release: Release | string, variation: Variation): Session {
  const machine = variedMachine(entry.scenario.machine, variation);
  const layout = variedLayout(machine, variation);
  const booting = typeof release === 'string' ? findRelease(release)! : release;
  return new Session(boot(machine, booting, layout ? { layout } : {}));
}
