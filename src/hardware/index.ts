export { type AccessOutcome, access, type Faulted, type Translated } from './access.ts';
export { type DsbKind, dsb, isb, publish } from './barriers.ts';
export { checkDescriptor, descriptorCheck, ReservedBits } from './check-words.ts';
export { encodeMmu } from './encode.ts';
export {
  copyMmu,
  type Defect,
  type Mmu,
  type MmuOptions,
  newMmu,
  type RuleViolation,
  readEntry,
  readRun,
} from './mmu.ts';
export { type HeldTranslation, held, type Reach, reaches } from './reach.ts';
export { flush, install, synchronize } from './sequence.ts';
export { type TlbiOp, tlbi } from './tlbi.ts';
export { erase, writeEntries } from './write.ts';
