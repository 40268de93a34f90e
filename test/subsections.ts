import { SECTION_HAS_MEM_MAP, SECTION_MARKED_PRESENT } from '../src/kernel/state.ts';
import { G, M } from './kit.ts';

/**
 * Sub-sections that are added and removed, as a plain set of those that exist, and each release's treatment of them.
 */

export const RELEASES = ['v5.3', 'v5.4', 'v5.7', 'v5.10', 'v6.1', 'v6.12', 'v7.2'] as const;
export const SUB = 2 * M;
export const PRESENT = SECTION_MARKED_PRESENT | SECTION_HAS_MEM_MAP;

/** Boot memory of a section and a half, so that the second early section has room for device memory. */
export function machine(arch: string, section: number) {
  const ram = [
    { start: arch === 'x86_64' ? 0 : G, size: 1.5 * G, node: 0 },
    { start: 4 * G, size: 1.5 * section, node: 0 },
  ];
  return { arch, ram };
}

/** A release's treatment of the struct pages of sub-sections, as far as these tests can see it. */
export function traits(release: string, arch: string) {
  const i = RELEASES.indexOf(release as (typeof RELEASES)[number]);
  const before = (name: (typeof RELEASES)[number]): boolean => i < RELEASES.indexOf(name);
  const arm64 = arch === 'arm64';
  return {
    section: arm64 && before('v6.1') ? G : 128 * M,
    /** memblock decides pfn_valid(). */
    by_memblock: arm64 && before('v6.1'),
    /** It decides for sections of boot memory alone (eeb0753ba27b, in 5.10.24). */
    early_by_memblock: arm64 && !before('v5.10') && before('v6.1'),
    /** Part of an early section loses its memmap (B54); arm64 had no code to free it. */
    frees_early_parts: before('v5.10') && !(arm64 && before('v5.7')),
    /** arm64 before hot-remove: memmaps stay. */
    keeps_memmap: arm64 && before('v5.7'),
    tables: arm64,
    /**
     * The number of sub-sections that share one leaf of the vmemmap: 2M of struct pages, or the section's own block.
     */
    leaf: arm64 && before('v6.1') ? 64 : 1,
  };
}

export class Reference {
  readonly t: ReturnType<typeof traits>;
  readonly n: number;
  /** Bits of the maps. */
  readonly bits = new Set<number>();
  /** Struct pages. */
  readonly pages = new Set<number>();
  readonly early = new Set<number>();
  readonly sections = new Set<number>();
  readonly ram = new Set<number>();
  /** Leaves of the vmemmap, by the sub-sections they begin with. */
  readonly leaves = new Set<number>();
  /** Sections that were added whole: their memmap is one block. */
  readonly blocks = new Set<number>();
  warnings = 0;

  constructor(t: ReturnType<typeof traits>) {
    this.t = t;
    this.n = t.section / SUB;
    const first = (4 * G) / SUB;
    for (let s = first; s < first + 1.5 * this.n; s++) {
      this.bits.add(s);
      this.ram.add(s);
    }
    for (let s = first; s < first + 2 * this.n; s++) {
      this.pages.add(s);
      this.leaves.add(this.leaf(s));
    }
    for (const nr of [0, 1]) {
      this.early.add(first / this.n + nr);
      this.sections.add(first / this.n + nr);
    }
  }

  section = (s: number): number => Math.floor(s / this.n);

  leaf = (s: number): number => Math.floor(s / this.t.leaf) * this.t.leaf;

  parts(start: number, count: number): number[][] {
    const parts: number[][] = [];
    for (let s = start; s < start + count; s++) {
      if (parts.length === 0 || s % this.n === 0) parts.push([]);
      parts.at(-1)!.push(s);
    }
    return parts;
  }

  /** Adds section by section; sections added before an error stay. */
  add(start: number, count: number): number {
    for (const part of this.parts(start, count)) {
      if (part.some((s) => this.bits.has(s))) return -17;
      const nr = this.section(part[0]!);
      const reused = part.length < this.n && this.early.has(nr);
      for (const s of part) {
        this.bits.add(s);
        if (reused) continue;
        const leaf = this.leaf(s);
        this.leaves.add(leaf);
        // a leaf that is mapped has struct pages, whoever needs them
        for (let i = leaf; i < leaf + this.t.leaf; i++) this.pages.add(i);
      }
      if (part.length === this.n) this.blocks.add(nr);
      this.sections.add(nr);
    }
    return 0;
  }

  remove(start: number, count: number): void {
    for (const part of this.parts(start, count)) {
      const nr = this.section(part[0]!);
      if (!this.sections.has(nr)) continue;
      if (!part.every((s) => this.bits.has(s))) {
        this.warnings++;
        continue;
      }
      for (const s of part) this.bits.delete(s);
      const all = Array.from({ length: this.n }, (_, i) => nr * this.n + i);
      const empty = !all.some((s) => this.bits.has(s));
      const early = this.early.has(nr);
      if (empty) {
        this.sections.delete(nr);
        this.early.delete(nr);
        this.blocks.delete(nr);
      }
      if (early && empty) this.#free(all);
      else if (!early || this.t.frees_early_parts) this.#free(part);
    }
  }

  #free(part: readonly number[]): void {
    if (this.t.keeps_memmap) return;
    for (const s of part) {
      const leaf = this.leaf(s);
      this.leaves.delete(leaf);
      for (let i = leaf; i < leaf + this.t.leaf; i++) this.pages.delete(i);
    }
  }

  /** The generic rule, and memblock's. */
  valid(s: number): boolean {
    const nr = this.section(s);
    if (!this.sections.has(nr)) return false;
    if (this.t.early_by_memblock && !this.early.has(nr)) return this.bits.has(s);
    if (this.t.by_memblock) return this.ram.has(s);
    return this.early.has(nr) || this.bits.has(s);
  }
}
