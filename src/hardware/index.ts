export { checkDescriptor, descriptorCheck, ReservedBits } from './descriptor/check-words.ts';
export { encodeMmu } from './encode.ts';
export { type AccessOutcome, access, type Faulted, type Translated } from './memory/access.ts';
export { erase, writeEntries } from './memory/write.ts';
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
export { type DsbKind, dsb, isb, publish } from './tlb/barriers.ts';
export { type HeldTranslation, held, type Reach, reaches } from './tlb/reach.ts';
export { flush, install, synchronize } from './tlb/sequence.ts';
export { type TlbiOp, tlbi } from './tlb/tlbi.ts';
