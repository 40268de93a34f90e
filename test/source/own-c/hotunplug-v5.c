// SPDX-License-Identifier: GPL-2.0
/*
 * One pass under init_mm's page_table_lock, as V5 of "arm64/mm: Enable memory hot remove" does it: what a leaf maps is
 * freed before the leaf is cleared, a block is not invalidated, and base pages only after the last of a table.
 */
#include <linux/mm.h>
#include <asm/pgalloc.h>
#include <asm/tlbflush.h>

void __remove_pgd_mapping(pgd_t *pgdir, unsigned long start, u64 size);
void free_hotplug_page_range(struct page *page, size_t size);
void free_hotplug_pgtable_page(struct page *page);
void remove_pte_table(pmd_t *pmdp, unsigned long addr, unsigned long end, bool sparse_vmap);
void remove_pmd_table(pud_t *pudp, unsigned long addr, unsigned long end, bool sparse_vmap);
void remove_pud_table(pgd_t *pgdp, unsigned long addr, unsigned long end, bool sparse_vmap);
void remove_pagetable(unsigned long start, unsigned long end, bool sparse_vmap);

void free_hotplug_page_range(struct page *page, size_t size)
{
	WARN_ON(PageReserved(page));
	free_pages((unsigned long)page_address(page), get_order(size));
}

void free_hotplug_pgtable_page(struct page *page)
{
	free_hotplug_page_range(page, PAGE_SIZE);
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

static void free_pte_table(pmd_t *pmdp, unsigned long addr)
{
	struct page *page = pmd_page(READ_ONCE(*pmdp));

	if (!is_empty((u64 *)pte_offset_kernel(pmdp, 0UL)))
		return;
	pmd_clear(pmdp);
	__flush_tlb_kernel_pgtable(addr);
	free_hotplug_pgtable_page(page);
}

static void free_pmd_table(pud_t *pudp, unsigned long addr)
{
	struct page *page;

	if (CONFIG_PGTABLE_LEVELS <= 2 || !is_empty((u64 *)pmd_offset(pudp, 0UL)))
		return;
	page = pud_page(READ_ONCE(*pudp));
	pud_clear(pudp);
	__flush_tlb_kernel_pgtable(addr);
	free_hotplug_pgtable_page(page);
}

static void free_pud_table(p4d_t *p4dp, unsigned long addr)
{
	struct page *page;

	if (CONFIG_PGTABLE_LEVELS <= 3 || !is_empty((u64 *)pud_offset(p4dp, 0UL)))
		return;
	page = p4d_page(READ_ONCE(*p4dp));
	p4d_clear(p4dp);
	__flush_tlb_kernel_pgtable(addr);
	free_hotplug_pgtable_page(page);
}

void remove_pte_table(pmd_t *pmdp, unsigned long addr, unsigned long end, bool sparse_vmap)
{
	unsigned long start = addr;
	pte_t *ptep, pte;

	for (; addr < end; addr += PAGE_SIZE) {
		ptep = pte_offset_kernel(pmdp, addr);
		pte = READ_ONCE(*ptep);
		if (pte_none(pte))
			continue;
		WARN_ON(!pte_present(pte));
		if (sparse_vmap)
			free_hotplug_page_range(pte_page(pte), PAGE_SIZE);
		pte_clear(&init_mm, addr, ptep);
	}
	flush_tlb_kernel_range(start, end);
}

void remove_pmd_table(pud_t *pudp, unsigned long addr, unsigned long end, bool sparse_vmap)
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
		if (pmd_sect(pmd)) {
			if (sparse_vmap)
				free_hotplug_page_range(pmd_page(pmd), PMD_SIZE);
			pmd_clear(pmdp);
			continue;
		}
		remove_pte_table(pmdp, addr, next, sparse_vmap);
		free_pte_table(pmdp, addr);
	}
}

void remove_pud_table(pgd_t *pgdp, unsigned long addr, unsigned long end, bool sparse_vmap)
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
		if (pud_sect(pud)) {
			if (sparse_vmap)
				free_hotplug_page_range(pud_page(pud), PUD_SIZE);
			pud_clear(pudp);
			continue;
		}
		remove_pmd_table(pudp, addr, next, sparse_vmap);
		free_pmd_table(pudp, addr);
	}
}

void remove_pagetable(unsigned long start, unsigned long end, bool sparse_vmap)
{
	unsigned long addr, next;
	pgd_t *pgdp;

	spin_lock(&init_mm.page_table_lock);
	for (addr = start; addr < end; addr = next) {
		next = pgd_addr_end(addr, end);
		pgdp = pgd_offset_k(addr);
		if (pgd_none(READ_ONCE(*pgdp)))
			continue;
		remove_pud_table(pgdp, addr, next, sparse_vmap);
		free_pud_table(p4d_offset(pgdp, addr), addr);
	}
	spin_unlock(&init_mm.page_table_lock);
}

void __remove_pgd_mapping(pgd_t *pgdir, unsigned long start, u64 size)
{
	remove_pagetable(start, start + size, false);
}

void vmemmap_free(unsigned long start, unsigned long end, struct vmem_altmap *altmap)
{
	remove_pagetable(start, end, true);
}
