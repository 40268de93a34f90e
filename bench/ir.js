// The kernel's own C without the kernel: reading IR beside opt's own reader, running it beside the same IR compiled natively,
// copying a thread. Needs clang and opt. Arguments: megabytes of IR, operations. Prints one JSON object.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { IR_FLAGS, passesOf } from '../dist/cli/kbuild/compile.js';
import { findToolchain } from '../dist/cli/kbuild/toolchain.js';
import { IrProgram } from '../dist/ir/code/ir-program.js';
import { link } from '../dist/ir/link.js';
import { readModule } from '../dist/ir/read/module.js';
import { Interpreter } from '../dist/ir/run/interpreter.js';
import { Memory } from '../dist/ir/run/memory.js';

const [megabytes, operations] = process.argv.slice(2).map(Number);
const { clang, opt, major } = findToolchain();
const folder = mkdtempSync(join(tmpdir(), 'mhp-bench-'));
const file = (name) => join(folder, name);
/** Seconds by the clock, and of processor time. */
const timed = (run) => {
  const before = process.cpuUsage();
  const began = performance.now();
  const result = run();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { result, seconds, cpu: (user + system) / 1e6 };
};

/** A file of C as IR: as `mhp ir` compiles, so that names and debug information stay. */
function compiled(source, to) {
  execFileSync(clang, ['-O2', ...IR_FLAGS, '-S', '-emit-llvm', source, '-o', file('raw.ll')]);
  execFileSync(opt, ['-S', `-passes=${passesOf(major)}`, file('raw.ll'), '-o', file(to)]);
  return readFileSync(file(to), 'utf8');
}

/** C with as many structs and functions as make a module of about this size. */
function largeProgram() {
  const parts = Array.from(
    { length: Math.round(megabytes * 113) },
    (_, i) => `
struct item${i} { unsigned long flags, count; struct item${i} *next; unsigned int kind : 3, order : 5; union { unsigned long word; void *page; } u; };
static struct item${i} head${i};
unsigned long visit${i}(struct item${i} *from, unsigned long end, int *found)
{
  unsigned long sum = ${i};
  for (struct item${i} *item = from ? from : &head${i}; item && item->count < end; item = item->next) {
    if (item->kind == ${i % 8} && found) *found = item->order;
    sum += item->flags & ~${i}UL ? item->u.word : item->count << 3;
  }
  return sum;
}`,
  );
  writeFileSync(file('large.c'), parts.join('\n'));
  return compiled(file('large.c'), 'large.ll');
}

function reading() {
  const text = largeProgram();
  const ours = timed(() => readModule(text));
  // bodies are read when they are first run
  const bodies = timed(() => {
    const linked = placed(ours.result);
    for (const { name, kind } of linked.linked.symbols)
      if (kind === 'function') linked.code(linked.find(name));
  });
  const llvms = timed(() => execFileSync(opt, ['-disable-output', '-passes=', file('large.ll')]));
  return {
    megabytes: text.length / 1e6,
    cpu: ours.cpu,
    bodies: bodies.cpu,
    ours: ours.seconds + bodies.seconds,
    llvms: llvms.seconds,
  };
}

/** The same IR compiled, with nothing else optimised or with everything: what it returns, in seconds of processor time. */
function native(level) {
  writeFileSync(
    file('main.c'),
    `#include <stdio.h>\n#include <time.h>\nunsigned long run(unsigned long);
int main(void) { struct timespec a, b; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a); unsigned long r = run(${operations});
clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b); printf("%lu %f", r, (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9); }`,
  );
  execFileSync(clang, [level, '-w', file('tables.ll'), file('main.c'), '-o', file('native')]);
  const [result, seconds] = execFileSync(file('native'), { encoding: 'utf8' }).split(' ');
  return { result, cpu: Number(seconds) };
}

const STACK = { lo: 0x800000, hi: -1, size: 65536 };
const int64 = (n) => ({ lo: n | 0, hi: 0 });

function placed(module) {
  const linked = new IrProgram(link([module]), {
    text: { lo: 0x1000, hi: -1 },
    data: { lo: 0x1000000, hi: -1 },
  });
  for (const symbol of linked.linked.symbols) linked.place(symbol);
  return linked;
}

function program(text) {
  const linked = placed(readModule(text));
  const memory = new Memory();
  linked.writeVariables(memory);
  return { linked, memory };
}

function running(text) {
  const { linked, memory } = program(text);
  const interpreter = new Interpreter(linked, memory);
  const thread = interpreter.start(linked.find('run'), [int64(operations)], STACK);
  const { cpu, result: event } = timed(() => interpreter.run(thread));
  if (event.kind !== 'returned') throw new Error(event.kind);
  const result = String((BigInt(event.value.hi >>> 0) << 32n) | BigInt(event.value.lo >>> 0));
  const [plain, optimised] = [native('-O0'), native('-O2')];
  if (plain.result !== result || optimised.result !== result)
    throw new Error(`run() is ${result}, natively ${plain.result} and ${optimised.result}`);
  return { cpu, instructions: interpreter.steps, plain: plain.cpu, optimised: optimised.cpu };
}

function copying(text) {
  const { linked, memory } = program(text);
  const interpreter = new Interpreter(linked, memory, { observe: true });
  const thread = interpreter.start(linked.find('deep'), [10, 1, 2, 3].map(int64), STACK);
  if (interpreter.run(thread).kind !== 'load') throw new Error('no access to memory');
  const copies = 200_000;
  const threads = timed(() => {
    for (let i = 0; i < copies; i++) thread.copy();
  });
  const memories = timed(() => {
    for (let i = 0; i < copies; i++) memory.copy();
  });
  return { frames: thread.frames.length, thread: threads.cpu / copies, memory: memories.cpu / copies };
}

try {
  const text = compiled(new URL('ir/tables.c', import.meta.url).pathname, 'tables.ll');
  process.stdout.write(
    `${JSON.stringify({ reading: reading(), running: running(text), copying: copying(text) })}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
