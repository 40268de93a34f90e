// SPDX-License-Identifier: GPL-2.0
/*
 * Two passes without a lock, as V6 of "arm64/mm: Enable memory hot remove" does it: each leaf is cleared, invalidated,
 * and only then is freed what it maps; empty tables are freed after all leaves. Those of the memmap stay.
 */
#include <linux/mm.h>
#include <asm/pgalloc.h>
#include <asm/tlbflush.h>

void __remove_pgd_mapping(pgd_t *pgdir, unsigned long start, u64 size);
void free_hotplug_page_range(struct page *page, size_t size);
void free_hotplug_pgtable_page(struct page *page);
void unmap_hotplug_pte_range(pmd_t *pmdp, unsigned long addr, unsigned long end, bool sparse_vmap);
void unmap_hotplug_pmd_range(pud_t *pudp, unsigned long addr, unsigned long end, bool sparse_vmap);
void unmap_hotplug_range(unsigned long addr, unsigned long end, bool sparse_vmap);
void free_empty_tables(unsigned long addr, unsigned long end);

void free_hotplug_page_range(struct page *page, size_t size)
{
	WARN_ON(PageReserved(page));
	free_pages((unsigned long)page_address(page), get_order(size));
}

void free_hotplug_pgtable_page(struct page *page)
{
	free_hotplug_page_range(page, PAGE_SIZE);
}

void unmap_hotplug_pte_range(pmd_t *pmdp, unsigned long addr, unsigned long end, bool sparse_vmap)
{
	pte_t *ptep, pte;

	for (; addr < end; addr += PAGE_SIZE) {
		ptep = pte_offset_kernel(pmdp, addr);
		pte = READ_ONCE(*ptep);
		if (pte_none(pte))
			continue;
		WARN_ON(!pte_present(pte));
		pte_clear(&init_mm, addr, ptep);
		flush_tlb_kernel_range(addr, addr + PAGE_SIZE);
		if (sparse_vmap)
			free_hotplug_page_range(pte_page(pte), PAGE_SIZE);
	}
}

void unmap_hotplug_pmd_range(pud_t *pudp, unsigned long addr, unsigned long end, bool sparse_vmap)
{
	unsigned long next;
	pmd_t *pmdp, pmd;

	for (; addr < end; addr = next) {
		next = pmd_addr_end(addr, end);
		pmdp = pmd_offset(pudp, addr);
		pmd = READ_ONCE(*pmdp);
		if (pmd_none(pmd))
			continue;
		WARN_ON(!pmd_present(pmd));
		if (!pmd_sect(pmd)) {
			unmap_hotplug_pte_range(pmdp, addr, next, sparse_vmap);
			continue;
		}
		pmd_clear(pmdp);
		flush_tlb_kernel_range(addr, next);
		if (sparse_vmap)
			free_hotplug_page_range(pmd_page(pmd), PMD_SIZE);
	}
}

static void unmap_hotplug_pud_range(pgd_t *pgdp, unsigned long addr, unsigned long end, bool sparse_vmap)
{
	unsigned long next;
	pud_t *pudp, pud;

	for (; addr < end; addr = next) {
		next = pud_addr_end(addr, end);
		pudp = pud_offset(p4d_offset(pgdp, addr), addr);
		pud = READ_ONCE(*pudp);
		if (pud_none(pud))
			continue;
		WARN_ON(!pud_present(pud));
		if (!pud_sect(pud)) {
			unmap_hotplug_pmd_range(pudp, addr, next, sparse_vmap);
			continue;
		}
		pud_clear(pudp);
		flush_tlb_kernel_range(addr, next);
		if (sparse_vmap)
			free_hotplug_page_range(pud_page(pud), PUD_SIZE);
	}
}

void unmap_hotplug_range(unsigned long addr, unsigned long end, bool sparse_vmap)
{
	unsigned long next;
	pgd_t *pgdp;

	for (; addr < end; addr = next) {
		next = pgd_addr_end(addr, end);
		pgdp = pgd_offset_k(addr);
		if (!pgd_none(READ_ONCE(*pgdp)))
			unmap_hotplug_pud_range(pgdp, addr, next, sparse_vmap);
	}
}

/* Tables of PTEs, PMDs and PUDs have as many entries as fit into a page. */
static bool is_empty(u64 *table)
{
	int i;

	for (i = 0; i < PTRS_PER_PTE; i++)
		if (READ_ONCE(table[i]))
			return false;
	return true;
}

static void free_empty_pte_table(pmd_t *pmdp, unsigned long addr)
{
	struct page *page = pmd_page(READ_ONCE(*pmdp));

	if (!is_empty((u64 *)pte_offset_kernel(pmdp, 0UL)))
		return;
	pmd_clear(pmdp);
	__flush_tlb_kernel_pgtable(addr);
	free_hotplug_pgtable_page(page);
}

static void free_empty_pmd_table(pud_t *pudp, unsigned long addr, unsigned long end)
{
	unsigned long start = addr, next;
	struct page *page;
	pmd_t *pmdp;

	for (; addr < end; addr = next) {
		next = pmd_addr_end(addr, end);
		pmdp = pmd_offset(pudp, addr);
		if (!pmd_none(READ_ONCE(*pmdp)))
			free_empty_pte_table(pmdp, addr);
	}
	if (CONFIG_PGTABLE_LEVELS <= 2 || !is_empty((u64 *)pmd_offset(pudp, 0UL)))
		return;
	page = pud_page(READ_ONCE(*pudp));
	pud_clear(pudp);
	__flush_tlb_kernel_pgtable(start);
	free_hotplug_pgtable_page(page);
}

static void free_empty_pud_table(pgd_t *pgdp, unsigned long addr, unsigned long end)
{
	unsigned long start = addr, next;
	struct page *page;
	p4d_t *p4dp = p4d_offset(pgdp, addr);
	pud_t *pudp;

	for (; addr < end; addr = next) {
		next = pud_addr_end(addr, end);
		pudp = pud_offset(p4dp, addr);
		if (!pud_none(READ_ONCE(*pudp)))
			free_empty_pmd_table(pudp, addr, next);
	}
	if (CONFIG_PGTABLE_LEVELS <= 3 || !is_empty((u64 *)pud_offset(p4dp, 0UL)))
		return;
	page = p4d_page(READ_ONCE(*p4dp));
	p4d_clear(p4dp);
	__flush_tlb_kernel_pgtable(start);
	free_hotplug_pgtable_page(page);
}

void free_empty_tables(unsigned long addr, unsigned long end)
{
	unsigned long next;
	pgd_t *pgdp;

	for (; addr < end; addr = next) {
		next = pgd_addr_end(addr, end);
		pgdp = pgd_offset_k(addr);
		if (!pgd_none(READ_ONCE(*pgdp)))
			free_empty_pud_table(pgdp, addr, next);
	}
}

void __remove_pgd_mapping(pgd_t *pgdir, unsigned long start, u64 size)
{
	unmap_hotplug_range(start, start + size, false);
	free_empty_tables(start, start + size);
}

void vmemmap_free(unsigned long start, unsigned long end, struct vmem_altmap *altmap)
{
	unmap_hotplug_range(start, end, true);
}
