// A tear-down frees no table: the next mapping of the range finds them and uses them again.
import { defineRelease } from 'mhp';

export default defineRelease({
  name: 'kept-tables',
  base: 'v6.12',
  about: 'v6.12, but no table is freed',
  'arch/arm64': { *free_empty_tables() {} },
});
