/* Maps, reads and unmaps pseudo-random pages by four levels of tables, as code that handles page tables does. */
typedef unsigned long u64;

#define ENTRIES 512
#define TABLES 4096

static u64 tables[TABLES][ENTRIES];
static u64 used = 1;
static u64 free_list;

static u64 random_state = 88172645463325252;

static u64 next_random(void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static u64 new_table(void)
{
  u64 nr = free_list;
  if (nr)
    free_list = tables[nr][0];
  else
    nr = used++ % TABLES;
  for (u64 i = 0; i < ENTRIES; i += 8)
    for (u64 j = i; j < i + 8; j++)
      tables[nr][j] = 0;
  return nr;
}

static u64 *entry_of(u64 table, u64 addr, int level) { return &tables[table][(addr >> (12 + 9 * level)) & (ENTRIES - 1)]; }

static u64 *walk(u64 addr, int build)
{
  u64 table = 0;
  for (int level = 3; level > 0; level--) {
    u64 *entry = entry_of(table, addr, level);
    u64 value = *(volatile u64 *)entry;
    if (!value) {
      if (!build)
        return 0;
      value = new_table() << 12 | 3;
      *(volatile u64 *)entry = value;
    }
    table = value >> 12;
  }
  return entry_of(table, addr, 0);
}

u64 run(u64 operations)
{
  u64 sum = 0;
  for (u64 i = 0; i < operations; i++) {
    u64 random = next_random();
    u64 addr = (random & 0xfffff) << 12;
    u64 *entry = walk(addr, random >> 63);
    if (!entry)
      continue;
    sum += *entry ^ addr;
    *(volatile u64 *)entry = random >> 62 == 2 ? 0 : addr | 1;
  }
  return sum;
}

/* How threads look that are copied: some calls deep, at an access to memory. */
u64 deep(u64 depth, u64 a, u64 b, u64 c)
{
  u64 sum = a + b * c;
  for (u64 i = 0; i < depth; i++)
    sum += deep(depth - 1, a + i, b ^ i, c * i) + i;
  return depth ? sum : sum + *(volatile u64 *)&used;
}
