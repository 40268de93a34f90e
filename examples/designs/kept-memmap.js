// A page of struct pages is freed with the last sub-section that it describes.
import { defineRelease, R } from 'mhp';

const SIZEOF_STRUCT_PAGE = 64;

export default defineRelease({
  name: 'kept-memmap',
  base: 'v7.2',
  about: 'v7.2, but a page of struct pages that another sub-section uses stays mapped',
  mm: (base) => ({
    *depopulate_section_memmap(pfn, nrPages, altmap) {
      const unit = this.c.PAGE_SIZE / SIZEOF_STRUCT_PAGE;
      const end = pfn + nrPages;
      let first = Math.floor(pfn / unit) * unit;
      let last = Math.ceil(end / unit) * unit;
      if (yield* this.$is_present(first, pfn)) first += unit;
      if (yield* this.$is_present(end, last)) last -= unit;
      if (first < last) yield* base.depopulate_section_memmap.call(this, first, last - first, altmap);
    },
    /** Whether a sub-section from `first` up to `end`, all in one section, is there. */
    *$is_present(first, end) {
      if (first === end) return false;
      const { PAGES_PER_SECTION, PAGES_PER_SUBSECTION } = this.c;
      const map = yield* R('mem_section', Math.floor(first / PAGES_PER_SECTION), 'subsection_map');
      if (map === null) return false;
      for (let pfn = first; pfn < end; pfn += PAGES_PER_SUBSECTION) {
        const bit = (pfn % PAGES_PER_SECTION) / PAGES_PER_SUBSECTION;
        if ((map[Math.floor(bit / 32)] >>> (bit % 32)) & 1) return true;
      }
      return false;
    },
  }),
});
