import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';

// Every declaration of the kernel that touches the struct pages, or is an operation on them, is an access through the
// mapping of the memmap (page_operation), or is listed below with the reason why it accesses no struct page.

const root = new URL('../', import.meta.url).pathname;

const MECHANISM = 'the mechanism itself';
const HELPER = 'part of an access of this file';
const MAPPING = 'makes or removes the struct pages, or says which there are';
const FREE_LIST = 'finds pages by the lists on which they are';
const PROGRAMS = 'pages of programs, which cannot go offline while they are mapped or referred to';
const COUNTER = 'the kernel reads a counter of the zone';

/** By file: the declarations that are no access of their own. */
const NO_ACCESS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'mm/page_access.ts': {
    first_of_all: MECHANISM,
    first_in_sections: MECHANISM,
    last_of_online: MECHANISM,
    page_operation: MECHANISM,
  },
  'include/asm-generic/memory_model.ts': {
    get_page: 'pfn_to_page() computes an address; who reads the struct page calls mapped_page()',
  },
  'mm/sparse-vmemmap/section_memmap.ts': { follow_tables: MAPPING },
  'mm/memmap.ts': { set_pages: MAPPING, fill_missing: MAPPING, count_pages: MAPPING },
  'mm/debug.ts': { forget_pages: 'without CONFIG_DEBUG_VM page_init_poison() writes nothing' },
  'mm/page_alloc/alloc_pages.ts': {
    find_pages: FREE_LIST,
    take_pages: FREE_LIST,
    foreign_page: 'what the explorer says of a page before it is freed by give_back',
  },
  'mm/page_alloc/free_page.ts': { empty_pcp: 'the pages are those of the lists of CPUs' },
  'mm/hugetlb/pool.ts': { last_free: FREE_LIST },
  'mm/hugetlb/pool_pages.ts': { find_buddy: FREE_LIST, spans: HELPER },
  'mm/hugetlb/dissolve.ts': { first_free: FREE_LIST, found_in: HELPER },
  'mm/page_isolation.ts': {
    any_isolated: 'the migratetype of a pageblock is in the usage of its section',
    set_migratetype: 'the migratetype of a pageblock is in the usage of its section',
  },
  'mm/memory_hotplug/do_migrate_range.ts': {
    apply_migration: 'plan_migration has read the sources, and the targets are free pages',
    still: HELPER,
    pinned_pages: 'plan_migration has read them',
  },
  'mm/migrate.ts': { take_target: FREE_LIST },
  'mm/compaction.ts': { suitable_target: 'isolate_free_page accesses the page that it finds' },
  'mm/memory-failure.ts': { references: 'memory_failure() has set PG_hwpoison of the page' },
  'mm/user_pages.ts': {
    set_use: HELPER,
    is_pinned: HELPER,
    free_user_page: FREE_LIST,
    grab_mapped_page: PROGRAMS,
    put_references: PROGRAMS,
    putback_lru: 'isolate_lru has accessed the page',
  },
  'mm/memory_hotplug/offline_pages.ts': {
    zone_in: HELPER,
    unmapped_in: HELPER,
    count_managed: 'the kernel counts all pages of the range, which test_pages_isolated() has just read',
  },
  'mm/memory_hotplug/zone_span.ts': {
    smallest_online: HELPER,
    biggest_online: HELPER,
    v5_2_candidate: 'its callers pass what it finds to mapped_page()',
  },
  'drivers/base/node.ts': {
    one_of_each: 'chooses the pfns for the model; get_nid_for_pfn() reads each struct page',
  },
  'drivers/virtio/virtio_mem/units.ts': {
    account: HELPER,
    unit_state: 'the driver keeps the states of its blocks in an array of its own',
    forget_plugged: 'the driver goes and leaves its pages as they are',
  },
  'fs/proc/files.ts': { nr_free: COUNTER },
  'fs/proc/meminfo.ts': { nr_free_pages: COUNTER },
  'mmu.ts': { no_table: 'what the explorer says of an entry that is in no table' },
};

interface Touch {
  readonly file: string;
  readonly name: string;
  readonly mechanism: boolean;
}

const is_touch = (node: ts.Node, text: string): boolean =>
  /\bstate\.pages\b/.test(text) || /\bobj: 'pages'/.test(text) || isCallOf(node, 'page_operation');

function isCallOf(node: ts.Node, name: string): boolean {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === name;
}

/** The declarations of a file: functions, variables, and the methods of tables of functions. */
function* declarations(source: ts.SourceFile): Generator<{ name: string; node: ts.Node }> {
  for (const statement of source.statements) {
    if (ts.isFunctionDeclaration(statement)) yield { name: statement.name!.text, node: statement };
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (initializer) yield { name: name.getText(source), node: initializer };
    }
  }
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .sort();

const sources = files.map((file) =>
  ts.createSourceFile(file, readFileSync(root + file, 'utf8'), ts.ScriptTarget.Latest, true),
);

const touches: readonly Touch[] = sources.flatMap((source) =>
  [...declarations(source)]
    .filter(({ node }) => is_touch(node, node.getText(source)))
    .map(({ name, node }) => ({ file: source.fileName, name, mechanism: isCallOf(node, 'page_operation') })),
);

test('what touches struct pages goes through their mapping, or is listed with a reason', () => {
  const others = touches.filter(({ mechanism }) => !mechanism).map(({ file, name }) => `${file}: ${name}`);
  const listed = Object.entries(NO_ACCESS).flatMap(([file, names]) =>
    Object.keys(names).map((name) => `${file}: ${name}`),
  );
  expect(others.sort()).toEqual(listed.sort());
});

test('accesses are performed by access_pages(), which knows what is not mapped', () => {
  const performed = sources.flatMap((source) => {
    const own = new Set(
      [...declarations(source)].flatMap(({ name, node }) => (isCallOf(node, 'page_operation') ? [name] : [])),
    );
    const calls = source.text.matchAll(/\b(?:look|change)\((\w+)/g);
    return [...calls].flatMap(([, name]) => (own.has(name!) ? [`${source.fileName}: ${name}`] : []));
  });
  expect(performed).toEqual([]);
});
