import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import type { KernelFunctions } from '../../src/kernel/kernel.ts';
import { releases } from '../../src/releases/index.ts';
import { FILES, type Form, ROOTS, STEPS } from './forms.ts';

/** A generator function of the kernel sources: a method of an exported table, or a function of a file. */
export interface KernelFunction {
  /** File, table and name: equal in every form that has it. */
  readonly id: string;
  readonly file: string;
  /** The exported table; null for a function of the file. */
  readonly table: string | null;
  readonly name: string;
  readonly node: ts.MethodDeclaration | ts.FunctionDeclaration;
}

/** Source files by path below the root of the project. */
export interface Sources {
  readonly files: ReadonlyMap<string, ts.SourceFile>;
  readonly functions: ReadonlyMap<string, KernelFunction>;
  readonly root: URL;
}

const idOf = (file: string, table: string | null, name: string): string =>
  `${posix.basename(file, '.ts')}${table === null ? '' : `.${table}`}.${name}`;

function* functionsOf(file: string, source: ts.SourceFile): Generator<KernelFunction> {
  for (const statement of source.statements) {
    if (ts.isFunctionDeclaration(statement) && statement.asteriskToken && statement.name) {
      const name = statement.name.text;
      yield { id: idOf(file, null, name), file, table: null, name, node: statement };
    }
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name: table, initializer } of statement.declarationList.declarations) {
      if (!initializer || !ts.isObjectLiteralExpression(initializer) || !ts.isIdentifier(table)) continue;
      for (const node of initializer.properties) {
        if (!ts.isMethodDeclaration(node) || !node.asteriskToken) continue;
        const name = node.name.getText(source);
        yield { id: idOf(file, table.text, name), file, table: table.text, name, node };
      }
    }
  }
}

export function readSources(root: URL): Sources {
  const files = new Map<string, ts.SourceFile>();
  const functions = new Map<string, KernelFunction>();
  for (const file of FILES) {
    const text = readFileSync(new URL(file, root), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
    files.set(file, source);
    for (const found of functionsOf(file, source)) functions.set(found.id, found);
  }
  return { files, functions, root };
}

/** Names that a file imports from the mutated files: functions, or whole tables under a name. */
function importsOf(file: string, source: ts.SourceFile): Map<string, { file: string; name: string | null }> {
  const found = new Map<string, { file: string; name: string | null }>();
  for (const statement of source.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    const from = posix.join(posix.dirname(file), statement.moduleSpecifier.text);
    const bindings = statement.importClause?.namedBindings;
    if (!bindings || !FILES.includes(from)) continue;
    if (ts.isNamespaceImport(bindings)) found.set(bindings.name.text, { file: from, name: null });
    else
      for (const { name, propertyName } of bindings.elements)
        found.set(name.text, { file: from, name: (propertyName ?? name).text });
  }
  return found;
}

/** The function of the sources for a kernel name in a release, by identity. */
async function tablesOf(sources: Sources): Promise<Map<unknown, string>> {
  const found = new Map<unknown, string>();
  for (const { id, file, table, name } of sources.functions.values()) {
    if (table === null) continue;
    const module = (await import(new URL(file, sources.root).href)) as Record<
      string,
      Record<string, unknown>
    >;
    found.set(module[table]![name], id);
  }
  return found;
}

interface Calls {
  /** The function for a kernel name. */
  readonly lookup: (name: string) => string | undefined;
  /** The functions called in a part of a function; undefined for one in another file. */
  readonly callees: (fn: KernelFunction, part: ts.Node) => (string | undefined)[];
}

async function callsOfForm(sources: Sources, form: Form): Promise<Calls> {
  const byIdentity = await tablesOf(sources);
  const own = releases.get(form.release)!.functions('arm64');
  const lookup = (name: string): string | undefined => byIdentity.get(own[name as keyof KernelFunctions]);
  const callees = (fn: KernelFunction, part: ts.Node): (string | undefined)[] => {
    const imported = importsOf(fn.file, sources.files.get(fn.file)!);
    const named = (name: string): { file: string; name: string | null } =>
      imported.get(name) ?? { file: fn.file, name };
    const found: (string | undefined)[] = [];
    const walk = (node: ts.Node): void => {
      if (ts.isCallExpression(node)) found.push(callee(node.expression, lookup, named));
      ts.forEachChild(node, walk);
    };
    walk(part);
    return found;
  };
  return { lookup, callees };
}

/** Steps that change nothing. */
const READS: readonly string[] = ['READ_ONCE', 'look', 'R', 'exists'];

/** Whether a part of a function of the form takes only reads as steps, in all its callees. */
export async function readers(
  sources: Sources,
  form: Form,
): Promise<(fn: KernelFunction, part: ts.Node) => boolean> {
  const { callees } = await callsOfForm(sources, form);
  const known = new Map<string, boolean>();
  const reads = (fn: KernelFunction, part: ts.Node): boolean => {
    const imported = importsOf(fn.file, sources.files.get(fn.file)!);
    const check = (node: ts.Node): boolean => {
      if (ts.isYieldExpression(node)) {
        const { expression: called } = node;
        if (!called || !ts.isCallExpression(called)) return false;
        if (!(ts.isIdentifier(called.expression) && READS.includes(called.expression.text))) {
          const [id] = callees({ ...fn }, called);
          if (id === undefined || !isReader(id)) return false;
        }
      }
      return ts.forEachChild(node, (child) => (check(child) ? undefined : true)) !== true;
    };
    return imported !== undefined && check(part);
  };
  const isReader = (id: string): boolean => {
    const before = known.get(id);
    if (before !== undefined) return before;
    // a function that calls itself does not count
    known.set(id, false);
    const fn = sources.functions.get(id);
    const found = fn !== undefined && reads(fn, fn.node.body!);
    known.set(id, found);
    return found;
  };
  return reads;
}

/**
 * The functions of a form's tear-down, in the order of calls: from the roots on, all that are called on the kernel, on
 * a table by name, or as a function of a file.
 */
export async function functionsOfForm(sources: Sources, form: Form): Promise<KernelFunction[]> {
  const { lookup, callees } = await callsOfForm(sources, form);
  const found = new Map<string, KernelFunction>();
  const visit = (id: string | undefined): void => {
    const fn = id === undefined ? undefined : sources.functions.get(id);
    if (!fn || found.has(fn.id) || STEPS.includes(fn.name)) return;
    found.set(fn.id, fn);
    for (const id of callees(fn, fn.node)) visit(id);
  };
  for (const name of ROOTS) visit(lookup(name));
  const all = [...found.values()];
  if (!form.beyond) return all;
  const before = new Set(
    (await functionsOfForm(sources, { ...form, release: form.beyond, beyond: '' })).map(({ id }) => id),
  );
  return all.filter(({ id }) => !before.has(id));
}

/**
 * The kernel names of the functions through which a function without a name of its own is called; for a method its own
 * name. A batch form of one of them would replace the function.
 */
export async function namesOf(sources: Sources, form: Form): Promise<(fn: KernelFunction) => string[]> {
  const { callees } = await callsOfForm(sources, form);
  const callers = new Map<string, KernelFunction[]>();
  for (const fn of sources.functions.values())
    for (const id of callees(fn, fn.node)) {
      const called = id === undefined ? undefined : sources.functions.get(id);
      if (called?.table === null) callers.set(called.id, [...(callers.get(called.id) ?? []), fn]);
    }
  const find = (fn: KernelFunction): string[] =>
    fn.table === null ? (callers.get(fn.id) ?? []).flatMap(find) : [fn.name];
  return (fn) => [...new Set(find(fn))].sort();
}

function callee(
  called: ts.Expression,
  lookup: (name: string) => string | undefined,
  named: (name: string) => { file: string; name: string | null },
): string | undefined {
  if (ts.isIdentifier(called)) {
    const { file, name } = named(called.text);
    return name === null ? undefined : idOf(file, null, name);
  }
  if (!ts.isPropertyAccessExpression(called)) return undefined;
  const { expression: on, name } = called;
  if (on.kind === ts.SyntaxKind.ThisKeyword || (ts.isIdentifier(on) && on.text === 'k'))
    return lookup(name.text);
  // table.name.call(…)
  if (name.text !== 'call' || !ts.isPropertyAccessExpression(on)) return undefined;
  if (ts.isIdentifier(on.expression)) {
    const { file, name: table } = named(on.expression.text);
    return table === null ? undefined : idOf(file, table, on.name.text);
  }
  // file.table.name.call(…)
  if (!ts.isPropertyAccessExpression(on.expression) || !ts.isIdentifier(on.expression.expression))
    return undefined;
  const { file } = named(on.expression.expression.text);
  return idOf(file, on.expression.name.text, on.name.text);
}
