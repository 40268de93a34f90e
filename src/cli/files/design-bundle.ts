import { dirname, resolve } from 'node:path';
import type { BuildFailure, Plugin } from 'esbuild';
import { InputError } from '../../errors/input-error.ts';
import { readText } from '../inputs/source.ts';
import { checkInput } from './output.ts';

/** A design that imports this package by name gets the running instance, wherever the design's file is. */
const ours: Plugin = {
  name: 'mhp',
  setup(build) {
    build.onResolve({ filter: /^mhp(\/explorer)?$/ }, ({ path }) => ({
      path: new URL(path === 'mhp' ? '../../index.js' : '../../explorer.js', import.meta.url).href,
      external: true,
    }));
  },
};

/** Reading an imported file that is not regular might wait forever. */
const regular: Plugin = {
  name: 'regular files',
  setup(build) {
    build.onLoad({ filter: /./, namespace: 'file' }, ({ path }) => {
      checkInput(path);
      return undefined;
    });
  },
};

/** A module as one text, with its source map. */
export interface Bundle {
  readonly code: string;
  readonly map: string;
}

/**
 * A user's module as one importable text: types are removed, and the modules it imports by relative paths are included.
 * @throws InputError
 */
export async function bundleDesign(file: string): Promise<Bundle> {
  const contents = readText(file);
  const { build } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      stdin: { contents, sourcefile: file, resolveDir: dirname(resolve(file)), loader: loaderOf(file) },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'external',
      sourcesContent: false,
      outfile: 'design.js',
      write: false,
      logLevel: 'silent',
      plugins: [ours, regular],
    });
    const text = (suffix: string): string => outputFiles.find(({ path }) => path.endsWith(suffix))!.text;
    return { code: text('.js'), map: text('.map') };
  } catch (error) {
    const [first] = (error as BuildFailure).errors ?? [];
    if (!first) throw error;
    const { location, detail } = first;
    if (detail instanceof InputError) throw detail;
    const where = location && resolve(location.file) !== resolve(file) ? location.file : file;
    throw new InputError(where, location ? `line ${location.line}` : '', first.text);
  }
}

function loaderOf(file: string): 'js' | 'ts' {
  if (/\.[cm]?ts$/.test(file)) return 'ts';
  if (/\.[cm]?js$/.test(file)) return 'js';
  throw new InputError(file, '', 'is not a module (.js, .mjs, .ts or .mts)');
}
