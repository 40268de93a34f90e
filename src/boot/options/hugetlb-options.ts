import type { Kernel } from '../../kernel/kernel.ts';
import { memparse } from '../../kernel/lib/cmdline.ts';

/** hugepagesz=, default_hugepagesz= and hugepages=. */

/** The pages of one size that the options request: in all, or node by node. */
export interface HugeRequest {
  readonly order: number;
  readonly count: number;
  readonly byNode: ReadonlyMap<number, number>;
}

interface Parsed {
  /** In the order of the options; a size appears once. */
  readonly requests: readonly HugeRequest[];
  /** The kernel's messages. */
  readonly notes: readonly string[];
}

/** The default size, until an option names it. */
const DEFAULT = -1;

interface Value {
  readonly count: number;
  readonly byNode: ReadonlyMap<number, number>;
}

/** hugepages=N, or NODE:N,… where that exists: `invalid` is what is neither. What follows a number is ignored. */
function requested(text: string, nodes: readonly number[], byNodes: boolean): Value | { invalid: string } {
  const byNode = new Map<number, number>();
  let total = 0;
  for (let rest = text; rest !== ''; ) {
    const number = /^\d{1,15}/.exec(rest)?.[0];
    if (number === undefined) return byNodes ? { invalid: rest } : { count: 0, byNode };
    if (!byNodes || rest[number.length] !== ':')
      return rest === text ? { count: Number(number), byNode } : { invalid: rest };
    if (!nodes.includes(Number(number))) return { invalid: rest };
    rest = rest.slice(number.length + 1);
    const count = /^\d{1,15}/.exec(rest)?.[0];
    if (count === undefined) return { invalid: rest };
    byNode.set(Number(number), Number(count));
    total += Number(count);
    if (rest[count.length] !== ',') break;
    rest = rest.slice(count.length + 1);
  }
  return { count: total, byNode };
}

export function hugeRequests(k: Kernel, words: readonly string[], nodes: readonly number[]): Parsed {
  const notes: string[] = [];
  const wanted = new Map<number, Value>();
  let order: number | null = DEFAULT;
  let usual = k.c.huge_page_orders[0]!;
  let last: number | null = null;
  for (const word of words) {
    const [, name, value] = /^(hugepagesz|default_hugepagesz|hugepages)=(.*)$/.exec(word) ?? [];
    if (name === undefined || value === undefined) continue;
    if (name !== 'hugepages') {
      const size = memparse(value).value;
      const found = k.c.huge_page_orders.find((o) => 2 ** o * k.c.PAGE_SIZE === size);
      if (found === undefined) notes.push(k.$unsupported_hugepagesz(size));
      order = found ?? null;
      if (name === 'default_hugepagesz' && found !== undefined) usual = found;
    } else if (order === null) {
      notes.push(k.$hugepages_ignored(value));
      order = DEFAULT;
    } else if (order === last) notes.push(k.$hugepages_twice(value));
    else {
      const parsed = requested(value, nodes, k.$hugepages_by_node());
      if ('invalid' in parsed) notes.push(`HugeTLB: Invalid hugepages parameter ${parsed.invalid}`);
      else wanted.set(order, parsed);
      last = order;
    }
  }
  const requests = new Map<number, HugeRequest>();
  for (const [size, value] of wanted) {
    const own = size === DEFAULT ? usual : size;
    requests.set(own, { order: own, ...value });
  }
  return { requests: [...requests.values()], notes };
}
