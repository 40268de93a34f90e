import { XCHG } from '../../kernel/include/linux/pgtable.ts';
import { descriptorOf, numberOf, wordOfDescriptor, ZERO } from '../values.ts';
import type { AsmShape } from './asm-shape.ts';
import { bugEntry } from './bug.ts';
import { hasFeature } from './capabilities-x86.ts';
import { isDebugEnabled, isDebugMessage } from './dynamic-debug.ts';
import type { Site } from './site.ts';

/** Bits of the flags of a bug table entry (include/linux/bug.h). */
const WARNING = 1 << 0;
export const ONCE = 1 << 1;

/** Functions of headers and macros that compilers inline, so that no warning names them. */
const INLINED = /^set_(?:pte|pmd|pud|p4d)_init$|_populate(?:_kernel)?_(?:safe|init)$|^prot_sethuge$|^pfn_p/;

function* bug(site: Site, flags: number) {
  const kind = { warning: (flags & WARNING) !== 0, once: (flags & ONCE) !== 0 };
  yield* bugEntry(site, kind, (fn) => INLINED.test(fn));
  return {};
}

/** Inline assembly of x86-64. A shape that is not here stops the run. */
export const X86_ASM: readonly AsmShape[] = [
  {
    // until v6.18: file, line, flags and size of the entry
    name: 'WARN and BUG',
    is: 'modelled',
    text: /^1:\t\.byte 0x0f, 0x0b\n\.pushsection __bug_table,"aw"\n.*bug_entry::flags\n/s,
    run: (site) => bug(site, site.args[2]!.lo),
  },
  {
    // since v6.19: with the format
    name: 'WARN and BUG, with a format',
    is: 'modelled',
    text: /^1:\t ud2 \n\.pushsection __bug_table,"aw"\n.*bug_entry::format\n.*bug_entry::flags\n/s,
    run: (site) => bug(site, site.args[3]!.lo),
  },
  {
    // the entry that __WARN_trap() gets, before the arguments of its format
    name: 'entry of a warning with arguments',
    is: 'modelled',
    text: /^lea \(2f\)\(%rip\), \$0\n1:\n\.pushsection __bug_table,"aw"\n.*bug_entry::format\n.*bug_entry::flags\n/s,
    *run({ args, said }) {
      said.entry = { format: args[0]!, flags: args[3]!.lo };
      return { value: ZERO };
    },
  },
  {
    // _static_cpu_has(): two jumps, of which the alternatives leave one
    name: 'alternative by feature',
    is: 'modelled',
    text: /^# ALT: oldinstr.*\tjmp 6f\n.*\.(?:word|4byte) \$\{0:[Pc]\}\n.*testb \$1,.*jnz \$\{3:l\}\n jmp \$\{4:l\}\n/s,
    *run(site) {
      return { target: hasFeature(site, site.args[0]!.lo & 0xffff) ? 1 : 2 };
    },
  },
  {
    // fls64(): the number of the highest bit that is set, or what was there before
    name: 'bsr',
    is: 'modelled',
    text: /^bsrq \$1,\$\{0:q\}$/,
    *run(site) {
      const [{ lo, hi }, before] = [site.args[0]!, site.args[1]!];
      if (lo === 0 && hi === 0) return { value: before };
      return { value: { lo: hi === 0 ? 31 - Math.clz32(lo) : 63 - Math.clz32(hi), hi: 0 } };
    },
  },
  {
    // __ffs(): the number of the lowest bit that is set
    name: 'tzcnt',
    is: 'modelled',
    text: /^(?:rep; ?bsf|tzcnt) \$1,\$0$/,
    *run(site) {
      const { lo, hi } = site.args[0]!;
      if (lo === 0 && hi === 0) return site.stop('__ffs() of 0');
      const lowest = (n: number): number => 31 - Math.clz32(n & -n);
      return { value: { lo: lo === 0 ? 32 + lowest(hi) : lowest(lo), hi: 0 } };
    },
  },
  {
    // variable_test_bit(): a bit of an array of words
    name: 'bt',
    is: 'modelled',
    text: /^ btq {2}\$2,\$1(?:\n(?:\t\/\* output condition code c\*\/\n)?)?$/,
    *run(site) {
      const [at, bit] = [site.args[0]!, numberOf(site.args[1]!)];
      if (bit < 0 || bit > 63) return site.stop('a bit beyond the first word');
      const { lo, hi } = yield* site.read(at, 8);
      return { value: { lo: (bit < 32 ? lo >>> bit : hi >>> (bit - 32)) & 1, hi: 0 } };
    },
  },
  {
    // arch_static_branch(): a nop until the key is enabled, which that of no tracepoint is, and that of pr_debug() by dyndbg
    name: 'jump label',
    is: 'modelled',
    text: /^1: ?(?:\tjmp|\s*jmp|\s*nop|\s*\.byte [^\n]*)[^\n]*\n\t\.pushsection __jump_table, {2}"aw"/,
    *run(site) {
      // bit 1 of what is beside the key asks objtool for the nop
      const [key, branch] = site.args;
      const place = site.place(key!);
      if (place.kind !== 'variable') return site.stop('a static key that is no variable');
      if (place.name.startsWith('__tracepoint_')) return { target: 0 };
      if (!isDebugMessage(place.name)) return site.stop(`the static key ${place.name}`);
      return { target: isDebugEnabled(site, key!, place.offset) !== ((branch!.lo & 1) === 1) ? 1 : 0 };
    },
  },
  {
    // xchg() of 8 bytes
    name: 'xchg',
    is: 'modelled',
    text: /^xchgq \$\{0:q\}, \$1\n?$/,
    *run(site) {
      const place = site.place(site.args[0]!);
      if (place.kind !== 'memory') return site.stop('xchg() of what is no page table entry');
      return { value: wordOfDescriptor(yield* XCHG(place.p, descriptorOf(site.args[1]!))) };
    },
  },
  {
    // tells objtool that a warning returns
    name: 'annotation',
    is: 'inert',
    text: /^\d+: nop\n\t\.pushsection \.discard\.(?:annotate_insn|instr_begin|instr_end)\b[^\n]*(?:\n\t\.long \d+b - \.\n\t\.popsection)?\n?\t?$/,
  },
  {
    name: 'annotation, until v5.15',
    is: 'inert',
    text: /^\$\{0:c\}:\n\t(?:nop\n\t)?\.pushsection \.discard\.(?:reachable|instr_begin|instr_end)\n\t\.long \$\{0:c\}b - \.\n\t\.popsection\n\t$/,
  },
  {
    name: 'barrier of the compiler',
    is: 'inert',
    text: /^$/,
  },
];
