import { dirname, resolve } from 'node:path';
import type { BuildFailure, Plugin } from 'esbuild';
import { InputError } from '../../errors/input-error.ts';
import { readText } from '../inputs/source.ts';

/** What a design imports by our name is what runs now, wherever its file lies. */
const ours: Plugin = {
  name: 'mhp',
  setup(build) {
    build.onResolve({ filter: /^mhp(\/explorer)?$/ }, ({ path }) => ({
      path: new URL(path === 'mhp' ? '../../index.js' : '../../explorer.js', import.meta.url).href,
      external: true,
    }));
  },
};

/** A module as one text, and its source map. */
export interface Bundle {
  readonly code: string;
  readonly map: string;
}

/**
 * A user's module as one text to import, types taken off, with what it imports from beside it.
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
      plugins: [ours],
    });
    const text = (suffix: string): string => outputFiles.find(({ path }) => path.endsWith(suffix))!.text;
    return { code: text('.js'), map: text('.map') };
  } catch (error) {
    const [first] = (error as BuildFailure).errors ?? [];
    if (!first) throw error;
    const { location } = first;
    const where = location && resolve(location.file) !== resolve(file) ? location.file : file;
    throw new InputError(where, location ? `line ${location.line}` : '', first.text);
  }
}

function loaderOf(file: string): 'js' | 'ts' {
  if (/\.[cm]?ts$/.test(file)) return 'ts';
  if (/\.[cm]?js$/.test(file)) return 'js';
  throw new InputError(file, '', 'is not a module (.js, .mjs, .ts or .mts)');
}
