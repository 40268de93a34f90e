const RANGE = /^(.+?)(?:\+|\.\.(.+))$/;

/**
 * Names of the releases in a range: "v5.7+" is v5.7 and all after it, "v5.7..v6.1" ends with v6.1. `order`: every release that
 * a range may name, from the oldest on. Null where the text is not a range; what is wrong with it where it names none.
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
