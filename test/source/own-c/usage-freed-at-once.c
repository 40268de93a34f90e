// SPDX-License-Identifier: GPL-2.0
/* What mm/sparse.c passes to kfree_rcu() is freed at once, as before v6.8: its rcu_head is the first member. */
#include <linux/rcupdate.h>
#include <linux/slab.h>

void kvfree_call_rcu(struct rcu_head *head, rcu_callback_t func)
{
	kfree(head);
}
