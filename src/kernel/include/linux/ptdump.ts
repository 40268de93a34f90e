import type { LevelName } from '../../../geometry/translation.ts';

/** What note_page() is called with: an entry, or adjacent entries that differ only in the addresses they name. */
export interface PtdumpNote {
  readonly addr: number;
  readonly end: number;
  readonly level: LevelName;
  readonly attr: number;
}
