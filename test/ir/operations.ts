/**
 * A module in textual IR with a function for every operation at every width: `i64 f(i64, i64)`. It is generated here,
 * compiled natively by `native.ts`, and run by the interpreter; the results must agree.
 */

const WIDTHS = [1, 8, 16, 24, 32, 48, 64];
const BINARY = ['add', 'sub', 'mul', 'and', 'or', 'xor'];
const DIVISION = ['udiv', 'urem', 'sdiv', 'srem'];
const SHIFTS = ['shl', 'lshr', 'ashr'];
const COMPARISONS = ['eq', 'ne', 'ugt', 'uge', 'ult', 'ule', 'sgt', 'sge', 'slt', 'sle'];

const narrow = (n: number, name: string, from: string): string =>
  n === 64 ? `  ${name} = add i64 ${from}, 0\n` : `  ${name} = trunc i64 ${from} to i${n}\n`;

const widen = (n: number, from: string): string =>
  n === 64 ? `  ret i64 ${from}\n` : `  %w = zext i${n} ${from} to i64\n  ret i64 %w\n`;

const define = (name: string, body: string): string =>
  `define i64 @${name}(i64 %a, i64 %b) {\nentry:\n${body}}\n`;

const both = (n: number): string => narrow(n, '%x', '%a') + narrow(n, '%y', '%b');

function* arithmetic(n: number): Generator<string> {
  for (const op of BINARY)
    yield define(`${op}_${n}`, `${both(n)}  %r = ${op} i${n} %x, %y\n${widen(n, '%r')}`);
  for (const op of DIVISION) {
    if (n === 1) continue;
    // a divisor that is neither 0 nor -1
    const safe = `  %o = or i${n} %y, 2\n  %d = and i${n} %o, ${n === 64 ? '9223372036854775806' : 2 ** (n - 1) - 2}\n`;
    yield define(`${op}_${n}`, `${both(n)}${safe}  %r = ${op} i${n} %x, %d\n${widen(n, '%r')}`);
  }
  for (const op of SHIFTS) {
    if (n === 1) continue;
    yield define(
      `${op}_${n}`,
      `${both(n)}  %s = urem i64 %b, ${n}\n${narrow(n, '%t', '%s')}  %r = ${op} i${n} %x, %t\n${widen(n, '%r')}`,
    );
  }
  for (const op of COMPARISONS)
    yield define(`icmp_${op}_${n}`, `${both(n)}  %r = icmp ${op} i${n} %x, %y\n${widen(1, '%r')}`);
  yield define(
    `select_${n}`,
    `${both(n)}  %c = icmp slt i64 %a, %b\n  %r = select i1 %c, i${n} %x, i${n} %y\n${widen(n, '%r')}`,
  );
  if (n < 64)
    yield define(`sext_${n}`, `${narrow(n, '%x', '%a')}  %r = sext i${n} %x to i64\n  ret i64 %r\n`);
  yield define(`freeze_${n}`, `${narrow(n, '%x', '%a')}  %r = freeze i${n} %x\n${widen(n, '%r')}`);
  // a load of another width is rejected by name
  if (n === 24 || n === 48) return;
  yield define(
    `memory_${n}`,
    `  %p = alloca [4 x i64], align 16\n  store [4 x i64] zeroinitializer, ptr %p\n  %s = and i64 %b, 7\n` +
      `  %q = getelementptr i8, ptr %p, i64 %s\n${narrow(n, '%x', '%a')}  store i${n} %x, ptr %q, align 1\n` +
      `  %g = load i${n}, ptr %q, align 1\n  %v = load volatile i64, ptr %p\n  %z = ${n === 64 ? 'add i64 %g, 0' : `sext i${n} %g to i64`}\n` +
      '  %r = add i64 %z, %v\n  ret i64 %r\n',
  );
}

function* intrinsics(n: number): Generator<string> {
  const one = (op: string, more = ''): string =>
    define(
      `${op}_${n}`,
      `${narrow(n, '%x', '%a')}  %r = call i${n} @llvm.${op}.i${n}(i${n} %x${more})\n${widen(n, '%r')}`,
    );
  const two = (op: string): string =>
    define(
      `${op.replace('.', '_')}_${n}`,
      `${both(n)}  %r = call i${n} @llvm.${op}.i${n}(i${n} %x, i${n} %y)\n${widen(n, '%r')}`,
    );
  yield one('ctpop');
  yield one('ctlz', ', i1 false');
  yield one('cttz', ', i1 false');
  yield one('abs', ', i1 false');
  yield one('bitreverse');
  if (n > 8) yield one('bswap');
  for (const op of ['umin', 'umax', 'smin', 'smax', 'uadd.sat', 'usub.sat']) yield two(op);
  for (const op of ['fshl', 'fshr']) {
    yield define(
      `${op}_${n}`,
      `${both(n)}  %s = lshr i64 %b, 7\n${narrow(n, '%t', '%s')}` +
        `  %r = call i${n} @llvm.${op}.i${n}(i${n} %x, i${n} %y, i${n} %t)\n${widen(n, '%r')}`,
    );
  }
  for (const op of ['uadd', 'usub', 'umul', 'sadd', 'ssub', 'smul']) {
    if (n === 64 && op !== 'uadd' && op !== 'usub') continue;
    yield define(
      `${op}_overflow_${n}`,
      `${both(n)}  %r = call { i${n}, i1 } @llvm.${op}.with.overflow.i${n}(i${n} %x, i${n} %y)\n` +
        `  %v = extractvalue { i${n}, i1 } %r, 0\n  %o = extractvalue { i${n}, i1 } %r, 1\n` +
        `  %l = ${n === 64 ? 'add i64 %v, 0' : `zext i${n} %v to i64`}\n  %m = zext i1 %o to i64\n` +
        '  %n = shl i64 %m, 63\n  %s = xor i64 %l, %n\n  ret i64 %s\n',
    );
  }
}

const STRUCT = '%pair = type { i8, i32, [3 x i16], ptr }\n';
const GLOBALS =
  '@words = internal global [8 x i64] [i64 1, i64 -2, i64 3, i64 -4, i64 5, i64 -6, i64 7, i64 -8]\n' +
  '@text = private unnamed_addr constant [6 x i8] c"a\\0Ab\\22\\5C\\00"\n' +
  '@table = internal constant [2 x ptr] [ptr @add_64, ptr @mul_64]\n' +
  '@inner = internal global ptr getelementptr inbounds (i8, ptr @words, i64 16)\n';

const OTHERS = [
  define(
    'switch_8',
    '  %x = trunc i64 %a to i8\n  switch i8 %x, label %other [\n    i8 0, label %zero\n    i8 -1, label %minus\n    i8 7, label %zero\n  ]\n' +
      'zero:\n  ret i64 100\nminus:\n  ret i64 200\nother:\n  %y = sext i8 %x to i64\n  ret i64 %y\n',
  ),
  define(
    'switch_64',
    '  switch i64 %a, label %other [\n    i64 0, label %zero\n    i64 -1, label %minus\n    i64 4294967296, label %big\n  ]\n' +
      'zero:\n  br label %end\nminus:\n  br label %end\nbig:\n  br label %end\nother:\n  br label %end\n' +
      'end:\n  %r = phi i64 [ 1, %zero ], [ 2, %minus ], [ 3, %big ], [ %b, %other ]\n  ret i64 %r\n',
  ),
  define(
    'phi_swap',
    '  br label %loop\nloop:\n  %x = phi i64 [ %a, %entry ], [ %y, %loop ]\n  %y = phi i64 [ %b, %entry ], [ %x, %loop ]\n' +
      '  %i = phi i64 [ 0, %entry ], [ %j, %loop ]\n  %j = add i64 %i, 1\n  %m = and i64 %a, 7\n  %c = icmp ult i64 %i, %m\n' +
      '  br i1 %c, label %loop, label %end\nend:\n  %d = mul i64 %x, 3\n  %r = sub i64 %d, %y\n  ret i64 %r\n',
  ),
  define(
    'structs',
    '  %p = alloca [3 x %pair], align 8\n  call void @llvm.memset.p0.i64(ptr %p, i8 -91, i64 72, i1 false)\n' +
      '  %i = urem i64 %a, 3\n  %f = getelementptr [3 x %pair], ptr %p, i64 0, i64 %i, i32 2, i64 1\n' +
      '  %x = trunc i64 %b to i16\n  store i16 %x, ptr %f\n  %g = getelementptr %pair, ptr %p, i64 %i, i32 1\n' +
      '  %y = trunc i64 %a to i32\n  store i32 %y, ptr %g\n  %e = getelementptr %pair, ptr %p, i64 %i\n' +
      '  %v = load i64, ptr %e\n  %h = getelementptr i8, ptr %e, i64 8\n  %u = load i64, ptr %h\n  %r = xor i64 %u, %v\n  ret i64 %r\n',
  ),
  define(
    'backwards',
    '  %n = or i64 %a, -8\n  %e = getelementptr inbounds [8 x i64], ptr @words, i64 1, i64 0\n' +
      '  %p = getelementptr inbounds i64, ptr %e, i64 %n\n  %r = load i64, ptr %p\n  ret i64 %r\n',
  ),
  define(
    'aggregates',
    '  %p = insertvalue { i64, { i32, i64 } } poison, i64 %a, 0\n  %x = trunc i64 %b to i32\n' +
      '  %q = insertvalue { i64, { i32, i64 } } %p, i32 %x, 1, 0\n  %r = insertvalue { i64, { i32, i64 } } %q, i64 %b, 1, 1\n' +
      '  %m = alloca { i64, { i32, i64 } }, align 8\n  store { i64, { i32, i64 } } %r, ptr %m\n' +
      '  %l = load { i64, { i32, i64 } }, ptr %m\n  %s = extractvalue { i64, { i32, i64 } } %l, 1\n' +
      '  %t = extractvalue { i32, i64 } %s, 1\n  %u = extractvalue { i64, { i32, i64 } } %l, 1, 0\n  %v = zext i32 %u to i64\n' +
      '  %w = mul i64 %t, %v\n  %z = extractvalue { i64, { i32, i64 } } %l, 0\n  %y = sub i64 %w, %z\n  ret i64 %y\n',
  ),
  'define internal { i64, i64 } @two(i64 %a, i64 %b) {\nentry:\n  %p = insertvalue { i64, i64 } poison, i64 %b, 0\n' +
    '  %q = insertvalue { i64, i64 } %p, i64 %a, 1\n  ret { i64, i64 } %q\n}\n',
  define(
    'returned',
    '  %p = call { i64, i64 } @two(i64 %a, i64 %b)\n  %x = extractvalue { i64, i64 } %p, 0\n  %y = extractvalue { i64, i64 } %p, 1\n' +
      '  %z = mul i64 %x, 5\n  %r = add i64 %z, %y\n  ret i64 %r\n',
  ),
  define(
    'indirect',
    '  %i = and i64 %a, 1\n  %p = getelementptr [2 x ptr], ptr @table, i64 0, i64 %i\n  %f = load ptr, ptr %p\n' +
      '  %r = call i64 %f(i64 %a, i64 %b)\n  ret i64 %r\n',
  ),
  define(
    'recursive',
    '  %m = and i64 %a, 15\n  %c = icmp ult i64 %m, 2\n  br i1 %c, label %small, label %more\nsmall:\n  ret i64 %b\nmore:\n' +
      '  %n = sub i64 %m, 1\n  %k = sub i64 %m, 2\n  %x = call i64 @recursive(i64 %n, i64 %b)\n  %y = call i64 @recursive(i64 %k, i64 %m)\n' +
      '  %r = add i64 %x, %y\n  ret i64 %r\n',
  ),
  define(
    'moves',
    '  %p = alloca [32 x i8], align 8\n  call void @llvm.memset.p0.i64(ptr %p, i8 17, i64 32, i1 false)\n  store i64 %a, ptr %p\n' +
      '  %q = getelementptr i8, ptr %p, i64 3\n  %n = and i64 %b, 15\n  call void @llvm.memmove.p0.p0.i64(ptr %q, ptr %p, i64 %n, i1 false)\n' +
      '  %s = getelementptr i8, ptr %p, i64 24\n  call void @llvm.memcpy.p0.p0.i64(ptr %s, ptr %q, i64 8, i1 false)\n' +
      '  %x = load i64, ptr %s\n  %t = getelementptr i8, ptr %p, i64 8\n  %y = load i64, ptr %t\n  %r = xor i64 %x, %y\n  ret i64 %r\n',
  ),
  define(
    'constants',
    '  %x = load i64, ptr getelementptr inbounds ([8 x i64], ptr @words, i64 0, i64 3)\n  %t = getelementptr i8, ptr @text, i64 4\n' +
      '  %c = load i8, ptr %t\n  %y = zext i8 %c to i64\n  %p = load ptr, ptr @inner\n  %z = load i64, ptr %p\n' +
      '  %d = sub i64 ptrtoint (ptr getelementptr (i8, ptr @words, i64 40) to i64), ptrtoint (ptr @words to i64)\n' +
      '  %e = mul i64 %x, %y\n  %f = add i64 %e, %z\n  %g = xor i64 %f, %d\n  %r = add i64 %g, %a\n  ret i64 %r\n',
  ),
];

/** The module's text. */
export function operationsModule(): string {
  const parts = [STRUCT, GLOBALS, ...OTHERS];
  for (const n of WIDTHS) parts.push(...arithmetic(n));
  for (const n of [8, 16, 32, 64]) parts.push(...intrinsics(n));
  return parts.join('\n');
}

/** Inputs: the edges of every width, and numbers from a seed. */
export function inputs(): readonly (readonly [bigint, bigint])[] {
  const edges = [
    0n,
    1n,
    2n,
    127n,
    128n,
    255n,
    32767n,
    0x80000000n,
    0xffffffffn,
    0x100000000n,
    2n ** 63n,
    2n ** 64n - 1n,
  ];
  const pairs: [bigint, bigint][] = edges.map((a, i) => [a, edges[(i * 5 + 3) % edges.length]!]);
  let seed = 0x2545f4914f6cdd1dn;
  const next = (): bigint => {
    seed ^= (seed << 13n) & (2n ** 64n - 1n);
    seed ^= seed >> 7n;
    seed ^= (seed << 17n) & (2n ** 64n - 1n);
    return seed;
  };
  for (let i = 0; i < 12; i++) pairs.push([next() >> BigInt(i * 4), next()]);
  return pairs;
}
