// An add that fails removes the sections that it has added.
import { defineRelease } from 'mhp';

/** Since v5.5 removing a section needs no zone. */
const NO_ZONE = -1;

export default defineRelease({
  name: 'undone-sections',
  base: 'v7.2',
  about: 'v7.2, but __add_pages() removes the sections that it has added when the next one fails',
  mm: (base) => ({
    *__add_pages(nid, pfn, nrPages, params) {
      const { PAGES_PER_SECTION, PAGES_PER_SUBSECTION } = this.c;
      if (pfn % PAGES_PER_SUBSECTION || nrPages % PAGES_PER_SUBSECTION)
        return yield* base.__add_pages.call(this, nid, pfn, nrPages, params);
      const bad = yield* this.$check_altmap(pfn, nrPages, params.altmap);
      if (bad) return bad;
      const end = pfn + nrPages;
      for (let at = pfn; at < end; ) {
        const next = Math.min(end, (Math.floor(at / PAGES_PER_SECTION) + 1) * PAGES_PER_SECTION);
        const err = yield* this.sparse_add_section(nid, at, next - at, params.altmap);
        if (err) {
          if (at > pfn) yield* this.__remove_pages(pfn, at - pfn, params.altmap, NO_ZONE);
          return err;
        }
        at = next;
      }
      return 0;
    },
  }),
});
