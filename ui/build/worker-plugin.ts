import type { Plugin } from 'vite';

/**
 * Modules that the worker never reaches, although what it reaches names them: other ways to search, JSON Schemas, the writing of
 * YAML, and its version 1.1.
 */
const NEVER = [
  /\/src\/schedule\/(traces\/traces|random\/random-search|search\/selfcheck|replay\/checkpoint)\.ts$/,
  /\/zod\/v4\/core\/(to-json-schema|json-schema-processors|json-schema-generator)\.js$/,
  /\/yaml\/browser\/dist\/(stringify\/(stringify(String|Collection|Pair|Document|Number|Comment)?|foldFlowLines)|doc\/(createNode|anchors|applyReviver)|parse\/cst-(scalar|stringify|visit)|schema\/yaml-1\.1\/(binary|bool|float|int|omap|pairs|set|timestamp))\.js$/,
];

const DECLARED = /^export (?:async )?(?:function\*?|class|const|let) (\w+)/gm;
const LISTED = /^export \{([^}]*)\};?$/gm;

function stub(code: string): string {
  const declared = [...code.matchAll(DECLARED)].map(([, name]) => name!);
  const listed = [...code.matchAll(LISTED)].flatMap(([, names]) => names!.split(','));
  const names = [...declared, ...listed.map((name) => name.trim().split(' as ').at(-1)!)].filter(Boolean);
  // zod calls it for each schema; what it returns is called by nobody
  const methods = names.filter((name) => /^create\w*JSONSchemaMethod$/.test(name));
  const others = names.filter((name) => !methods.includes(name));
  return [
    ...methods.map((name) => `export const ${name} = () => () => undefined;`),
    "function gone() { throw new Error('this is not part of the lab'); }",
    `export { ${others.map((name) => `gone as ${name}`).join(', ')} };`,
  ].join('\n');
}

/** Batch forms for terabytes, for the series V5 and for memmaps of base pages: without them the same is done access by access. */
const BATCHES = /\/src\/runs\/(sections|remove_pagetable|vmemmap_populate_basepages)\.ts$/;

/** What src/check imports of src/memmap: ui/src/worker/memmap.ts loads it when it is needed. */
const MEMMAP = /memmap\/(scenarios\/(mem-scenario|mem-session)|releases\/mem-releases)\.ts$/;
const SHIM = new URL('../src/worker/memmap.ts', import.meta.url).pathname;

/** zod's methods of strings that have a format, such as an e-mail address: no schema calls them. */
const STRINGS = /\/zod\/v4\/classic\/schemas\.js$/;
const FORMAT = /return this\.check\(core\._\w+\(Zod\w+, params\)\);/g;
const NO_FORMAT = "throw new Error('formats of strings are not part of the lab');";

/** The English names of such formats, for messages that nothing causes. */
const ENGLISH = /\/zod\/v4\/locales\/en\.js$/;
const NAME_OF_FORMAT = /^ {8}(?!regex|template_literal)\w+: "[^"]+",\n/gm;

/** Leaves out of the worker what it never reaches, and puts off what few scenarios need. */
export const workerPlugin = (): Plugin => ({
  name: 'mhp-worker',
  enforce: 'pre',
  resolveId: (source, importer) =>
    MEMMAP.test(source) && importer && /\/src\/check\/[\w-]+\.ts$/.test(importer) ? SHIM : undefined,
  transform: (code, id) => {
    const path = id.split('?')[0]!;
    if (NEVER.some((one) => one.test(path))) return { code: stub(code), map: null };
    if (ENGLISH.test(path)) return { code: code.replace(NAME_OF_FORMAT, ''), map: null };
    if (BATCHES.test(path)) return { code: 'export const forms = [];', map: null };
    return STRINGS.test(path) ? { code: code.replace(FORMAT, NO_FORMAT), map: null } : undefined;
  },
});
