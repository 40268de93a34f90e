import { realpathSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import type { BuildFailure, Plugin } from 'esbuild';
import { InputError, quote } from '../../errors/input-error.ts';
import { readText } from '../inputs/text-file.ts';
import { checkInput, onFile } from './output.ts';

const OURS = /^mhp(\/explorer)?$/;

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

/** What such a module imports: mhp, which it gets from where it runs, and files of its own folder. */
const confined = (folder: string): Plugin => ({
  name: 'designs',
  setup(build) {
    build.onResolve({ filter: OURS }, ({ path }) => ({ path, external: true }));
    build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point'
        ? undefined
        : { errors: [{ text: `imports ${quote(path)}: a module imports mhp and files of its own folder` }] },
    );
    build.onLoad({ filter: /./, namespace: 'file' }, ({ path }) => {
      const inside = path.startsWith(folder + sep);
      return inside
        ? undefined
        : { errors: [{ text: `imports ${path}, which is not in the module's folder` }] };
    });
  },
});

/** A module as one text, with its source map. */
export interface Bundle {
  readonly code: string;
  readonly map: string;
}

/**
 * A design, or a program of the user's, as one text in the form of CommonJS, which `require('mhp')` and nothing else.
 * @throws InputError
 */
export const bundleDesign = (file: string): Promise<Bundle> => {
  const folder = onFile(file, () => realpathSync(dirname(resolve(file))));
  return bundle(file, [confined(folder), regular]);
};

async function bundle(file: string, plugins: Plugin[]): Promise<Bundle> {
  const contents = readText(file);
  const { build } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      stdin: { contents, sourcefile: file, resolveDir: dirname(resolve(file)), loader: loaderOf(file) },
      bundle: true,
      format: 'cjs',
      platform: 'neutral',
      target: 'node20',
      sourcemap: 'external',
      sourcesContent: false,
      outfile: 'design.js',
      write: false,
      logLevel: 'silent',
      plugins,
    });
    const text = (suffix: string): string => outputFiles.find(({ path }) => path.endsWith(suffix))!.text;
    return { code: text('.js'), map: text('.map') };
  } catch (error) {
    const [first] = (error as BuildFailure).errors ?? [];
    if (!first) throw error;
    const { location, detail } = first;
    if (detail instanceof InputError) throw detail;
    const where = location && resolve(location.file) !== resolve(file) ? location.file : file;
    const what = TOP_LEVEL_AWAIT.test(first.text)
      ? 'await outside of a function: a module is evaluated anew for each run, and waits for nothing'
      : first.text;
    throw new InputError(where, location ? `line ${location.line}` : '', what);
  }
}

/** What esbuild says of it. */
const TOP_LEVEL_AWAIT = /^Top-level await /;

function loaderOf(file: string): 'js' | 'ts' {
  if (/\.[cm]?ts$/.test(file)) return 'ts';
  if (/\.[cm]?js$/.test(file)) return 'js';
  throw new InputError(file, '', 'is not a module (.js, .mjs, .ts or .mts)');
}
