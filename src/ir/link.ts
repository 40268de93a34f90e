import type { Global, IrFunction, IrModule } from './read/module.ts';
import { IrStop } from './stop.ts';

/** A symbol as the linker identifies it: an internal symbol includes its module's number. */
export type LinkSymbol =
  | { readonly kind: 'function'; readonly name: string; readonly module: IrModule; readonly fn: IrFunction }
  | { readonly kind: 'variable'; readonly name: string; readonly module: IrModule; readonly global: Global }
  /** Declared, but defined by none of the modules. */
  | { readonly kind: 'external'; readonly name: string; readonly module: IrModule };

/** Modules whose references to each other are resolved. */
export interface Linked {
  readonly modules: readonly IrModule[];
  /**
   * Every global that some module defines, by its name. An internal one in a module other than the first has `@N`
   * appended.
   */
  readonly symbols: readonly LinkSymbol[];
  /** The symbol of a name in a module. */
  symbol(module: IrModule, name: string): LinkSymbol;
  /** A function or variable that is visible to all modules, or internal to only one. */
  find(name: string): LinkSymbol | undefined;
}

/**
 * Links by symbol: a definition in one module resolves declarations in others; internal names stay separate.
 * @param replacing modules whose visible functions stand for all of their name, internal ones of others included
 */
export function link(modules: readonly IrModule[], replacing: ReadonlySet<IrModule> = new Set()): Linked {
  const shared = new Map<string, LinkSymbol>();
  const own = new Map<IrModule, Map<string, LinkSymbol>>();
  const all: LinkSymbol[] = [];
  const named = new Map<string, LinkSymbol>();
  const instead = new Map<string, LinkSymbol>();
  for (const [i, module] of modules.entries()) {
    const names = new Map<string, LinkSymbol>();
    own.set(module, names);
    const define = (symbol: LinkSymbol, internal: boolean): void => {
      all.push(symbol);
      if (internal) names.set(nameIn(symbol), symbol);
      else if (!shared.has(symbol.name)) shared.set(symbol.name, symbol);
      if (!internal && symbol.kind === 'function' && replacing.has(module)) instead.set(symbol.name, symbol);
      if (!named.has(nameIn(symbol))) named.set(nameIn(symbol), symbol);
    };
    const unique = (name: string, internal: boolean): string => (internal && i > 0 ? `${name}@${i}` : name);
    for (const fn of module.functions.values()) {
      if (!fn.declared)
        define({ kind: 'function', name: unique(fn.name, fn.internal), module, fn }, fn.internal);
    }
    for (const global of module.globals.values()) {
      if (global.init)
        define(
          { kind: 'variable', name: unique(global.name, global.internal), module, global },
          global.internal,
        );
    }
  }
  const externals = new Map<string, LinkSymbol>();
  return {
    modules,
    symbols: all,
    find: (name) => instead.get(name) ?? shared.get(name) ?? named.get(name),
    symbol(module, name) {
      const target = module.aliases.get(name) ?? name;
      const found =
        instead.get(target) ?? own.get(module)!.get(target) ?? shared.get(target) ?? externals.get(target);
      if (found) return found;
      if (!module.functions.has(target) && !module.globals.has(target))
        throw new IrStop('constant', `@${name}`, module.source);
      const external: LinkSymbol = { kind: 'external', name: target, module };
      externals.set(target, external);
      return external;
    },
  };
}

const nameIn = (symbol: LinkSymbol): string =>
  symbol.kind === 'function' ? symbol.fn.name : symbol.kind === 'variable' ? symbol.global.name : symbol.name;
