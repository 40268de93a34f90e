export { encodeMmu } from './encode.ts';
export { type AccessOutcome, access } from './memory/access.ts';
export { writeEntries } from './memory/write.ts';
export { copyMmu, type Mmu, readEntry } from './mmu.ts';
export { type HeldTranslation, held } from './tlb/reach.ts';
