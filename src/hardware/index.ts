export { access, type Faulted, type Outcome, type Translated } from './access.ts';
export { type DsbKind, dsb, isb, publish } from './barriers.ts';
export { check_descriptor, descriptor_check, ReservedBits } from './check.ts';
export { encode_mmu } from './encode.ts';
export {
  copy_mmu,
  type Defect,
  type Mmu,
  type MmuOptions,
  new_mmu,
  read_entry,
  read_run,
  type Violation,
} from './mmu.ts';
export { type HeldTranslation, held, type Reach, reaches } from './reach.ts';
export { flush, install, synchronize } from './sequence.ts';
export { type TlbiOp, tlbi } from './tlbi.ts';
export { erase, write_entries } from './write.ts';
