const RANGE = /^(.+?)(?:\+|\.\.(.+))$/;

/**
 * The names of the releases in a range: "v5.7+" is v5.7 and all later ones; "v5.7..v6.1" ends with v6.1. `order` lists
 * every release that a range may name, from the oldest. Returns null if the text is not a range, and an error text if
 * it is a range that names no releases.
 */
export function releaseRange(
  text: string,
  order: readonly string[],
): readonly string[] | { readonly wrong: string } | null {
  const [, first, last = order.at(-1)] = RANGE.exec(text) ?? [];
  if (first === undefined || last === undefined) return null;
  const unknown = [first, last].find((name) => !order.includes(name));
  if (unknown !== undefined)
    return { wrong: `${JSON.stringify(unknown)} bounds no range of releases; there are ${order.join(', ')}` };
  const [from, to] = [order.indexOf(first), order.indexOf(last)];
  return from <= to ? order.slice(from, to + 1) : { wrong: `${first} comes after ${last}` };
}
