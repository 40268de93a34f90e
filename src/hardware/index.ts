export { access, type Faulted, type Outcome, type Translated } from './access.ts';
export { type DsbKind, dsb, isb, publish } from './barriers.ts';
export { checkDescriptor, descriptorCheck, ReservedBits } from './check.ts';
export { encodeMmu } from './encode.ts';
export {
  copyMmu,
  type Defect,
  type Mmu,
  type MmuOptions,
  newMmu,
  readEntry,
  readRun,
  type Violation,
} from './mmu.ts';
export { type HeldTranslation, held, type Reach, reaches } from './reach.ts';
export { flush, install, synchronize } from './sequence.ts';
export { type TlbiOp, tlbi } from './tlbi.ts';
export { erase, writeEntries } from './write.ts';
