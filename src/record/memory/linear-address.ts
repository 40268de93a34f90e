import { UserError } from '../../errors/user-error.ts';
import type { Guest } from '../guest/guest.ts';

/** asm/page_64_types.h: __PAGE_OFFSET_BASE of four and five levels, without KASLR. */
export const X86_DIRECT_MAP = { 4: 0xffff888000000000n, 5: 0xff11000000000000n } as const;

/**
 * The address of physical memory in the kernel's linear map.
 * @throws UserError if the kernel does not say where that is
 */
export function linearAddress({ kernel, info }: Guest, physical: number): bigint {
  if (kernel.arch === 'x86_64')
    return BigInt(physical) + X86_DIRECT_MAP[info.number('NUMBER(pgtable_l5_enabled)') === 1n ? 5 : 4];
  const bits = info.number('NUMBER(VA_BITS)');
  const offset = info.number('NUMBER(PHYS_OFFSET)');
  if (bits === undefined || offset === undefined)
    throw new UserError('the kernel does not say where its linear map is (vmcoreinfo)');
  return BigInt.asUintN(64, BigInt(physical) - BigInt.asIntN(64, offset) - (1n << bits));
}
