import type { Int64 } from '../../../ir/read/values.ts';
import { WARN_ONCE } from '../../../kernel/include/asm-generic/bug.ts';
import { GFP, warn_alloc_text } from '../../../kernel/mm/page_alloc/warn_alloc.ts';
import { pr_warn } from '../../../kernel/ops.ts';
import { ONCE } from '../asm-x86.ts';
import { fileOfDebug } from '../dynamic-debug.ts';
import { modelName } from '../names.ts';
import type { Site } from '../site.ts';
import { type Externals, kernel } from './external.ts';

/** The arguments of a format that printk() takes; only what the modelled messages use. */
function formatted(site: Site, format: string, args: readonly Int64[]): string {
  let next = 0;
  const take = (): Int64 => args[next++] ?? site.stop(`printk of ${JSON.stringify(format)}`);
  return format.replace(
    /%(?:([#]?)(l{0,2})([xud])|s|%|(.))/g,
    (all, alternate: string, long: string, as: string, other: string) => {
      if (other !== undefined) return site.stop(`%${other} in a message`);
      if (all === '%%') return '%';
      if (all === '%s') return site.program.text(take());
      const { lo, hi } = take();
      const unsigned = long ? (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0) : BigInt(lo >>> 0);
      if (as === 'x') return (alternate ? '0x' : '') + unsigned.toString(16);
      return String(as === 'd' ? BigInt.asIntN(long ? 64 : 32, unsigned) : unsigned);
    },
  );
}

const print = kernel(function* (_, [format, ...args], site) {
  const text = site.program.text(format!);
  const [, level, rest] =
    /^.([0-7])(.*?)\n?$/s.exec(text) ?? site.stop(`a message without a level: ${JSON.stringify(text)}`);
  yield { op: 'printk', level: Number(level), text: formatted(site, rest!, args) };
  return undefined;
});

/** Messages. */
export const MESSAGES: Externals = {
  // until v5.14
  printk: print,
  _printk: print,
  // of a bundle with CONFIG_DYNAMIC_DEBUG; without it pr_debug() is not compiled
  __dynamic_pr_debug: kernel(function* (k, [descriptor, format, ...args], site) {
    const text = formatted(site, site.program.text(format!), args).replace(/\n$/, '');
    yield* k.pr_debug(fileOfDebug(site, descriptor!), text);
    return undefined;
  }),
  // printed with the warning that follows
  __warn_printk: kernel(function* (_, [format, ...args], site) {
    site.said.text = formatted(site, site.program.text(format!), args).replace(/\n$/, '');
    return undefined;
  }),
  // x86-64, since v6.19
  __SCT__WARN_trap: kernel(function* (k, [, ...args], site) {
    const { entry } = site.said;
    if (!entry) return site.stop('a warning without an entry');
    delete site.said.entry;
    const where = modelName(site.chain[0]!, site.program.bundle);
    const text = formatted(site, site.program.text(entry.format), args).replace(/\n$/, '');
    if ((entry.flags & ONCE) !== 0) yield* WARN_ONCE(k, where, text);
    else yield* k.WARN(where, text);
    return undefined;
  }),
  warn_alloc: kernel(function* (_, [, , format, ...args], site) {
    const text = formatted(site, site.program.text(format!), args);
    if (!/^vmemmap alloc failure: order:\d+$/.test(text))
      return site.stop(`warn_alloc(${JSON.stringify(text)})`);
    yield* pr_warn(yield* warn_alloc_text(GFP.KERNEL_RETRY_MAYFAIL, text));
    return undefined;
  }),
  dump_stack: { is: 'refused' },
};
