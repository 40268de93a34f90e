import type { DsbKind } from '../../hardware/tlb/barriers.ts';
import type { Int64 } from '../../ir/read/values.ts';
import { DSB, ISB } from '../../kernel/arch/arm64/include/asm/barrier.ts';
import { tlbi } from '../../kernel/arch/arm64/include/asm/tlbflush.ts';
import { XCHG } from '../../kernel/include/linux/pgtable.ts';
import type { Steps } from '../../steps/step.ts';
import type { Bundle } from '../bundle.ts';
import { descriptorOf, wordOf, wordOfDescriptor } from '../values.ts';
import type { AsmResult, AsmShape } from './asm-shape.ts';
import { X86_ASM } from './asm-x86.ts';
import { bugEntry } from './bug.ts';
import { CAPABILITIES } from './capabilities.ts';
import { isDebugEnabled, isDebugMessage } from './dynamic-debug.ts';
import { STATIC_KEYS } from './keys.ts';
import type { Site } from './site.ts';

/** The directives of an entry of the bug table, as arm64's ASM_BUG_FLAGS has them, with flags as the last group. */
const BUG =
  /^\.pushsection __bug_table,"aw";.*?\.string "([^"]*)";.*?\.short (\d+);\s*\.short ([^;]*);.*?brk 0x800$/s;

/** Bits of the flags of a bug table entry (include/linux/bug.h). */
const WARNING = /^\(1 << 0\)/;
const ONCE = /\(1 << 1\)/;

/** The page number that TLBI by address takes: bits 43:0; its address is the kernel's if bit 43 is set. */
function addressOfOperand(operand: Int64): number {
  const pages = (operand.hi & 0xfff) * 2 ** 32 + (operand.lo >>> 0);
  return (pages >= 2 ** 43 ? pages - 2 ** 44 : pages) * 4096;
}

/** The same TLBI and a DSB once more follow on processors with an erratum. */
const tlbiText = (operation: string): RegExp =>
  new RegExp(
    `^\\.arch armv8\\.\\d-a\\s+tlbi ${operation}\\s*(?:\\.if 1 == 1\\n661:\\n\\tnop\\n\\s*nop\\n662:\\n.*?\\.hword (?<erratum>\\d+)\\n.*?663:\\n\\tdsb ish\\n\\s*tlbi ${operation}\\n664:\\n.*\\.endif\\n)?$`,
    's',
  );

function checkErratum(site: Site, { groups }: RegExpExecArray): void {
  const number = groups?.erratum;
  if (number !== undefined && hasCapability(site, { lo: Number(number), hi: 0 }))
    site.stop('the workaround of an erratum');
}

function* invalidate(site: Site, match: RegExpExecArray, lastLevel: boolean): Steps<AsmResult> {
  checkErratum(site, match);
  const va = addressOfOperand(site.args[0]!);
  // entries of the fixmap's slots are not modelled, and nobody else uses their addresses
  if (!site.addresses.isFixmap(va))
    yield* tlbi({ by: 'va', va, pages: 1, last_level: lastLevel, broadcast: true });
  return {};
}

function hasCapability(site: Site, operand: Int64): boolean {
  const number = operand.lo & 0x7fff;
  const { capabilities } = site.program.bundle;
  const name = Object.keys(capabilities).find((one) => capabilities[one] === number);
  if (name === undefined)
    return site.stop(`an alternative for capability ${number}, which the tree does not name`);
  const known = CAPABILITIES[name];
  if (known === undefined) return site.stop(`an alternative for the capability ARM64_${name}`);
  return typeof known === 'function' ? known(site.k.c) : known;
}

/** Whether a static key is enabled: a variable, a key of each capability (until v6.3), or that of a tracepoint. */
function isEnabled(site: Site, name: string, offset: number): boolean {
  const { program } = site;
  if (name === 'cpu_hwcap_keys')
    return hasCapability(site, wordOf(offset / program.struct('static_key_false', 'static_key').size));
  if (name.startsWith('__tracepoint_') && offset === program.member('tracepoint', 'key').offset) return false;
  if (isDebugMessage(name)) return isDebugEnabled(site, site.args[0]!, offset);
  const known = STATIC_KEYS[name];
  if (!known || offset !== 0) return site.stop(`the static key ${name}`);
  return known(site.k.c);
}

/** An atomic is two accesses here: only to what no other thread has. */
function* own(site: Site, at: Int64): Steps<Int64> {
  if (site.place(at).kind !== 'object') return site.stop('an atomic on what threads share');
  return yield* site.read(at, 8);
}

const TCR_READERS = new Set(['arch_get_mappable_range', 'lpa2_is_enabled', 'ptdump_check_wx']);

/**
 * Inline assembly of arm64. A shape that is not here stops the run. Each says what the architecture does; the barriers
 * and TLBIs act on the hardware model.
 */
export const ARM64_ASM: readonly AsmShape[] = [
  {
    name: 'dsb',
    is: 'modelled',
    text: /^dsb (ishst|ish|nshst|nsh)$/,
    *run(_, [, kind]) {
      yield* DSB(kind as DsbKind);
      return {};
    },
  },
  {
    name: 'isb',
    is: 'modelled',
    text: /^isb$/,
    *run() {
      yield* ISB();
      return {};
    },
  },
  {
    // accesses are sequentially consistent, and no walk waits for it
    name: 'dmb',
    is: 'inert',
    text: /^dmb (?:ishst|ishld|ish)$/,
  },
  {
    name: 'tlbi by address, last level',
    is: 'modelled',
    text: tlbiText('vaale1is, \\$(?:\\{0:x\\}|0)'),
    run: (site, match) => invalidate(site, match, true),
  },
  {
    name: 'tlbi by address, all levels',
    is: 'modelled',
    text: tlbiText('vaae1is, \\$(?:\\{0:x\\}|0)'),
    run: (site, match) => invalidate(site, match, false),
  },
  {
    name: 'tlbi of everything',
    is: 'modelled',
    text: tlbiText('vmalle1is'),
    *run(site, match) {
      checkErratum(site, match);
      yield* tlbi({ by: 'all', last_level: false, broadcast: true });
      return {};
    },
  },
  {
    name: 'WARN and BUG',
    is: 'modelled',
    text: BUG,
    *run(site, [, , , flags]) {
      yield* bugEntry(site, { warning: WARNING.test(flags!), once: ONCE.test(flags!) });
      return {};
    },
  },
  {
    // nothing, unless the processor has an erratum
    name: 'alternative for an erratum',
    is: 'modelled',
    text: /^\.if 1 == 1\n661:\n\tnop\n\s*nop\n662:\n.*?\.hword (?<erratum>\d+)\n.*?663:\n\ttlbi vale1is, \$\{0:x\}\n\tdsb ish\n664:\n/s,
    *run(site, match) {
      checkErratum(site, match);
      return {};
    },
  },
  {
    // alternative_has_feature_likely(): a jump that becomes a nop if the processor has it
    name: 'alternative, likely',
    is: 'modelled',
    text: /^\.if 1 == 1\n661:\n\tb\t\$\{1:l\}\n662:\n.*alt_cb_patch_nops.*\.hword \(1 << 15\) \| \(\$0\)\n/s,
    *run(site) {
      return { target: hasCapability(site, site.args[0]!) ? 0 : 1 };
    },
  },
  {
    // alternative_has_feature_unlikely(): a nop that becomes a jump if the processor has it
    name: 'alternative, unlikely',
    is: 'modelled',
    text: /^\.if 1 == 1\n661:\n\tnop\n662:\n.*\.hword \$0\n.*663:\n\tb\t\$\{1:l\}\n664:\n/s,
    *run(site) {
      return { target: hasCapability(site, site.args[0]!) ? 1 : 0 };
    },
  },
  {
    // arch_static_branch() and arch_static_branch_jump(): the label is taken if the key differs from the bit beside it
    name: 'jump label',
    is: 'modelled',
    text: /^1:\t(?:nop|b\t+\$\{1:l\})\s*\n\s*\.pushsection\s+__jump_table, "aw"\s*\n.*\.quad\s+\$\{0:c\} - \.\s*\n/s,
    *run(site) {
      const place = site.place(site.args[0]!);
      if (place.kind !== 'variable') return site.stop('a static key that is no variable');
      const jumps = place.offset % 2 === 1;
      return { target: isEnabled(site, place.name, place.offset - (jumps ? 1 : 0)) !== jumps ? 1 : 0 };
    },
  },
  {
    // TCR_EL1.DS, by which lpa2_is_enabled() decides, and T1SZ, from which vabits_actual comes (since v6.9); nothing else
    // is known of the register
    name: 'mrs tcr_el1',
    is: 'modelled',
    text: /^mrs \$0, tcr_el1$/,
    *run(site) {
      if (!site.chain.some((fn) => TCR_READERS.has(fn))) return site.stop('a read of TCR_EL1');
      const { t, PAGE_SHIFT } = site.k.c;
      const ds = t.va_bits === 52 && PAGE_SHIFT < 16;
      return { value: { lo: (64 - t.va_bits) << 16, hi: ds ? 1 << 27 : 0 } };
    },
  },
  {
    name: 'mrs sp_el0: current',
    is: 'modelled',
    text: /^mrs \$0, sp_el0$/,
    *run(site) {
      return { value: site.task() };
    },
  },
  {
    // atomic64_or() as LSE
    name: 'stset',
    is: 'modelled',
    text: /^\.arch_extension lse\n\tstset\t\$1, \$0\n$/,
    *run(site) {
      const [at, bits] = site.args;
      const { lo, hi } = yield* own(site, at!);
      yield* site.write(at!, 8, { lo: lo | bits!.lo, hi: hi | bits!.hi });
      return {};
    },
  },
  {
    // atomic64_fetch_andnot() as LSE
    name: 'ldclral',
    is: 'modelled',
    text: /^\.arch_extension lse\n\tldclral\t\$2, \$1, \$0$/,
    *run(site) {
      const [at, bits] = site.args;
      const value = yield* own(site, at!);
      yield* site.write(at!, 8, { lo: value.lo & ~bits!.lo, hi: value.hi & ~bits!.hi });
      return { value };
    },
  },
  {
    // xchg_relaxed() of 8 bytes, as LL/SC and as LSE
    name: 'xchg',
    is: 'modelled',
    text: /^\.if 1 == 1\n661:\n\t\tprfm\tpstl1strm, \$2\n1:\tldxr\t\$0, \$2\n\tstxr\t\$\{1:w\}, \$3, \$2\n.*\tswp\t\$3, \$0, \$2\n/s,
    *run(site) {
      const place = site.place(site.args[0]!);
      if (place.kind !== 'memory') return site.stop('xchg() of what is no page table entry');
      return { value: wordOfDescriptor(yield* XCHG(place.p, descriptorOf(site.args[1]!))) };
    },
  },
  {
    name: 'barrier of the compiler',
    is: 'inert',
    text: /^$/,
  },
];

/** The shape of a text, if there is one. */
export function shapeOf(
  arch: Bundle['arch'],
  text: string,
): { readonly shape: AsmShape; readonly match: RegExpExecArray } | undefined {
  for (const shape of arch === 'arm64' ? ARM64_ASM : X86_ASM) {
    const match = shape.text.exec(text);
    if (match) return { shape, match };
  }
  return undefined;
}
