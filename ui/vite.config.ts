import { defineConfig } from 'vite';
import { cataloguePlugin } from './build/catalogue-plugin.ts';
import { singlePlugin } from './build/single-plugin.ts';
import { workerPlugin } from './build/worker-plugin.ts';

// whatever the environment says: React is twice as large otherwise
process.env.NODE_ENV = 'production';

const path = (name: string): string => new URL(name, import.meta.url).pathname;

/** `vite build ui` makes the files that `mhp lab` serves; with `--mode single`, one page that opens from a disk. */
export default defineConfig(({ mode }) => {
  const single = mode === 'single';
  return {
    root: path('./'),
    base: './',
    plugins: [cataloguePlugin(), ...(single ? [singlePlugin()] : [])],
    resolve: {
      alias: {
        '#start-worker': path(single ? './src/worker/start-inline.ts' : './src/worker/start-url.ts'),
        // messages of zod in other languages: a quarter of its size
        [path('../node_modules/zod/v4/locales/index.js')]: path('./build/no-locales.ts'),
      },
    },
    worker: { format: single ? 'iife' : 'es', plugins: () => [cataloguePlugin(), workerPlugin()] },
    build: {
      outDir: single ? path('./dist/single') : path('./dist/served'),
      emptyOutDir: true,
      target: 'es2023',
      modulePreload: false,
      chunkSizeWarningLimit: 2000,
      reportCompressedSize: false,
      assetsInlineLimit: 0,
      ...(single ? { rolldownOptions: { output: { codeSplitting: false } } } : {}),
    },
  };
});
