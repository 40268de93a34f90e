const X86_GLOBAL = 1 << 8;

/** Whether a leaf of x86-64 is global: a write to CR3 leaves its translation alone. */
export const isGlobal = (attr: number): boolean => (attr & X86_GLOBAL) !== 0;
