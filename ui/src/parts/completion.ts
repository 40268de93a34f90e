/** What can be written at a place of a YAML text, according to its JSON Schema. */

export interface Schema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Keys from the top to the place; `value`: whether it is the value of the last of them. */
export interface YamlPlace {
  readonly keys: readonly string[];
  readonly value: boolean;
}

const LINE = /^(\s*)((?:- +)*)(?:([\w-]+):(?:\s+|$))?(.*)$/;

/** The keys of the lines above to which a line at a column belongs, the outermost first. */
function keysAbove(lines: readonly string[], column: number): string[] {
  const keys: string[] = [];
  let at = column;
  for (const line of [...lines].reverse()) {
    const [, indent = '', dashes = '', key] = LINE.exec(line) ?? [];
    if (line.trim() === '' || line.trimStart().startsWith('#') || key === undefined) continue;
    const own = indent.length + dashes.length;
    if (own < at) keys.unshift(key);
    // an item of a list belongs to the key above it, which may stand in its column
    if (own <= at) at = dashes === '' ? own : indent.length + 0.5;
  }
  return keys;
}

/** Where a text ends, in the flow of one line: { a: { b: 1, c: */
function inFlow(rest: string): { readonly keys: readonly string[]; readonly last: string | null } {
  const open: (string | null)[] = [];
  let last: string | null = null;
  for (const [token] of rest.matchAll(/[\w-]+: ?|[{}[\],]/g)) {
    if (token === '{' || token === '[') {
      open.push(last);
      last = null;
    } else if (token === '}' || token === ']') last = open.pop() ?? null;
    else last = token === ',' ? null : token.replace(/: ?$/, '');
  }
  return { keys: open.filter((key) => key !== null), last };
}

/** The place at the end of a text. */
export function placeIn(text: string): YamlPlace {
  const lines = text.split('\n');
  const line = lines.pop()!;
  const [, indent = '', dashes = '', key, rest = ''] = LINE.exec(line) ?? [];
  const above = keysAbove(lines, dashes === '' ? indent.length : indent.length + 0.5);
  if (!/[{[]/.test(rest))
    return key === undefined ? { keys: above, value: false } : { keys: [...above, key], value: true };
  const flow = inFlow(rest);
  const keys = [...above, ...(key === undefined ? [] : [key]), ...flow.keys];
  return flow.last === null ? { keys, value: false } : { keys: [...keys, flow.last], value: true };
}

const alternatives = (schema: Schema): Schema[] => [
  schema,
  ...(schema.anyOf ?? []).flatMap(alternatives),
  ...(schema.items ? alternatives(schema.items) : []),
];

export interface Completion {
  readonly label: string;
  readonly info: string | undefined;
}

/** Keys or values that fit; none where the schema knows nothing. */
export function completionsAt(root: Schema, { keys, value }: YamlPlace): Completion[] {
  let here = alternatives(root);
  for (const key of keys)
    here = here.flatMap(({ properties }) => {
      const next = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
      return next ? alternatives(next) : [];
    });
  const found = new Map<string, string | undefined>();
  for (const one of here) {
    if (value) {
      for (const word of one.enum ?? (one.const === undefined ? [] : [one.const]))
        if (typeof word === 'string') found.set(word, one.description);
      if (one.type === 'boolean') for (const word of ['true', 'false']) found.set(word, one.description);
    }
    // a value may be a mapping in the lines below
    if (!value)
      for (const [name, { description }] of Object.entries(one.properties ?? {}))
        found.set(name, found.get(name) ?? description);
  }
  return [...found].map(([label, info]) => ({ label, info }));
}
