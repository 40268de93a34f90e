/**
 * addr < end, compared as the kernel's unsigned addresses: a range that ends with the address space ends at 0 (B30).
 */
export const before = (addr: number, end: number): boolean => end !== 0 && (addr === 0 || addr < end);
