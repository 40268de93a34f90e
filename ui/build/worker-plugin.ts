import type { Plugin } from 'vite';

/**
 * Modules that the worker never reaches, although what it reaches names them: other ways to search, JSON Schemas, the writing of
 * YAML, and its version 1.1.
 */
const NEVER = [
  /\/src\/schedule\/(traces\/traces|random\/random-search|search\/selfcheck|replay\/checkpoint)\.ts$/,
  /\/zod\/v4\/core\/(to-json-schema|json-schema-processors|json-schema-generator)\.js$/,
  /\/yaml\/browser\/dist\/(stringify\/(stringifyString|stringifyCollection|stringifyPair|stringifyDocument|foldFlowLines)|parse\/cst-(scalar|stringify|visit)|schema\/yaml-1\.1\/(binary|bool|float|int|omap|pairs|set|timestamp))\.js$/,
];

const DECLARED = /^export (?:async )?(?:function\*?|class|const|let) (\w+)/gm;
const LISTED = /^export \{([^}]*)\};?$/gm;

function stub(code: string): string {
  const declared = [...code.matchAll(DECLARED)].map(([, name]) => name!);
  const listed = [...code.matchAll(LISTED)].flatMap(([, names]) => names!.split(','));
  const names = [...declared, ...listed.map((name) => name.trim().split(' as ').at(-1)!)].filter(Boolean);
  return names
    .map((name) =>
      // zod calls it for each schema; what it returns is called by nobody
      /^create\w*JSONSchemaMethod$/.test(name)
        ? `export const ${name} = () => () => undefined;`
        : `export function ${name}() { throw new Error('${name} is not part of the lab'); }`,
    )
    .join('\n');
}

/** What src/check imports of src/memmap: ui/src/worker/memmap.ts loads it when it is needed. */
const MEMMAP = /memmap\/(scenarios\/(mem-scenario|mem-session)|releases\/mem-releases)\.ts$/;
const SHIM = new URL('../src/worker/memmap.ts', import.meta.url).pathname;

/** Leaves out of the worker what it never reaches, and puts off what few scenarios need. */
export const workerPlugin = (): Plugin => ({
  name: 'mhp-worker',
  enforce: 'pre',
  resolveId: (source, importer) =>
    MEMMAP.test(source) && importer && /\/src\/check\/[\w-]+\.ts$/.test(importer) ? SHIM : undefined,
  transform: (code, id) =>
    NEVER.some((one) => one.test(id.split('?')[0]!)) ? { code: stub(code), map: null } : undefined,
});
