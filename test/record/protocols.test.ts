import { afterEach, expect, test } from 'vitest';
import { Caller, Oops } from '../../src/record/guest/call.ts';
import { Channel, NoAnswer } from '../../src/record/guest/channel.ts';
import { Gdb } from '../../src/record/qemu/gdb.ts';
import { Qmp, QmpRefusal } from '../../src/record/qemu/qmp.ts';
import { fakeGdb, fakeQmp, pair } from './fakes.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function sockets() {
  const both = await pair();
  open.push(both);
  return both;
}

const never = new AbortController().signal;

test('the monitor answers, refuses in words, and tells of events in order', async () => {
  const { mine, theirs } = await sockets();
  const qmp = new Qmp(mine);
  const monitor = fakeQmp(theirs, (command, args) =>
    command === 'device_add' ? { error: { desc: 'no such bus' } } : { return: { command, args } },
  );
  await qmp.greeting;
  expect(await qmp.execute('query-version', { a: 1 })).toEqual({ command: 'query-version', args: { a: 1 } });
  await expect(qmp.execute('device_add')).rejects.toThrow(new QmpRefusal('no such bus'));
  monitor.event({ event: 'ACPI_DEVICE_OST', data: { info: { status: 132 } } });
  monitor.event({ event: 'DEVICE_DELETED', data: { device: 'd' } });
  await qmp.execute('query-version');
  expect(qmp.takeEvents().map(({ event }) => event)).toEqual(['ACPI_DEVICE_OST', 'DEVICE_DELETED']);
  expect(qmp.takeEvents()).toEqual([]);
});

test('a monitor that goes away fails what waits for it, and all that follows', async () => {
  const { mine, theirs } = await sockets();
  const qmp = new Qmp(mine);
  const waiting = qmp.execute('cont');
  theirs.destroy();
  await expect(waiting).rejects.toThrow('QEMU has ended');
  await expect(qmp.execute('cont')).rejects.toThrow('QEMU has ended');
});

test('a command in the guest gives status, output and errors, whole', async () => {
  const { mine, theirs } = await sockets();
  const channel = new Channel(mine);
  theirs.write('noise\nmhp ready\n');
  await channel.ready(5, never);
  theirs.on('data', (line) => {
    expect(line.toString()).toBe('cat x\n');
    theirs.write('mhp 1 3 4\na');
    setTimeout(() => theirs.write('\nbfail'), 10);
  });
  expect(await channel.run('cat x', 5, never)).toEqual({ status: 1, out: Buffer.from('a\nb'), err: 'fail' });
});

test('a guest that does not answer in time, that is gone, or that is not waited for any more', async () => {
  const first = await sockets();
  await expect(new Channel(first.mine).run('x', 0.05, never)).rejects.toThrow(
    new NoAnswer('the guest did not answer in time'),
  );
  const second = await sockets();
  const waiting = new Channel(second.mine).run('x', 5, never);
  second.theirs.destroy();
  await expect(waiting).rejects.toThrow(new NoAnswer('the guest is gone'));
  const third = await sockets();
  const controller = new AbortController();
  const stopped = new Channel(third.mine).run('x', 5, controller.signal);
  controller.abort();
  await expect(stopped).rejects.toThrow(new NoAnswer('interrupted'));
});

/**
 * A CPU of x86-64 behind a stub: it stops at sync(2), and "runs" a function by formatting its arguments; it moves to another CPU
 * meanwhile, whose segment bases must stay.
 */
function fakeCpu(entry: bigint, snprintf: bigint, add: bigint) {
  const memory = new Map<bigint, number>();
  const registers = Buffer.alloc(164 + 40);
  registers.writeBigUInt64LE(0xffffc90000100ff8n, 56);
  registers.writeBigUInt64LE(entry, 128);
  registers.writeBigUInt64LE(0x1111n, 180);
  const before = Buffer.from(registers);
  const log: string[] = [];
  const text = (at: bigint): string => {
    let out = '';
    for (let i = at; memory.get(i); i++) out += String.fromCharCode(memory.get(i)!);
    return out;
  };
  const argument = (i: number): bigint => registers.readBigUInt64LE([40, 32, 24, 16, 64, 72][i]!);
  const run = (): void => {
    const pc = registers.readBigUInt64LE(128);
    const sp = registers.readBigUInt64LE(56);
    let back = 0n;
    for (let i = 7n; i >= 0n; i--) back = (back << 8n) | BigInt(memory.get(sp + i) ?? 0);
    if (pc === snprintf) {
      const out = [3, 4, 5].map((i) => argument(i).toString(16)).join(' ');
      expect(text(argument(2))).toBe('%lx %lx %lx');
      for (const [i, letter] of [...`${out}\0`].entries())
        memory.set(argument(0) + BigInt(i), letter.charCodeAt(0));
      registers.writeBigUInt64LE(BigInt(out.length), 0);
    } else if (pc === add) {
      log.push([0, 1, 2, 3].map((i) => argument(i).toString(16)).join(' '));
      registers.writeBigUInt64LE(BigInt.asUintN(64, -17n), 0);
    }
    registers.writeBigUInt64LE(back, 128);
    registers.writeBigUInt64LE(sp + 8n, 56);
    registers.writeBigUInt64LE(0x2222n, 180);
  };
  const answer = (packet: string): string | null => {
    if (packet === 'g') return registers.toString('hex');
    const [, at, length, bytes] = /^[mM]([0-9a-f]+),([0-9a-f]+)(?::(.*))?$/.exec(packet) ?? [];
    if (packet.startsWith('G')) {
      Buffer.from(packet.slice(1), 'hex').copy(registers);
      return 'OK';
    }
    if (packet.startsWith('M')) {
      for (const [i, byte] of [...Buffer.from(bytes!, 'hex')].entries())
        memory.set(BigInt(`0x${at}`) + BigInt(i), byte);
      return 'OK';
    }
    if (packet.startsWith('m'))
      return Buffer.from(
        Array.from(
          { length: Number.parseInt(length!, 16) },
          (_, i) => memory.get(BigInt(`0x${at}`) + BigInt(i)) ?? 0,
        ),
      ).toString('hex');
    if (packet === 'c') {
      if (registers.readBigUInt64LE(128) === entry) return null;
      run();
      return 'T05thread:02;';
    }
    return 'OK';
  };
  return { answer, before, registers, log };
}

test('a kernel function is called with its arguments in order, and everything is put back', async () => {
  const [entry, snprintf, add] = [0xffffffff81000000n, 0xffffffff81100000n, 0xffffffff81200000n];
  const cpu = fakeCpu(entry, snprintf, add);
  const stub = await sockets();
  const guest = await sockets();
  const gdb = fakeGdb(stub.theirs, cpu.answer);
  guest.theirs.on('data', (line) => {
    expect(line.toString()).toBe('sync\n');
    cpu.before.copy(cpu.registers);
    gdb.send('T05thread:01;');
    setTimeout(() => guest.theirs.write('mhp 0 0 0\n'), 50);
  });
  const symbols = new Map([
    ['__x64_sys_sync', entry],
    ['snprintf', snprintf],
    ['add_memory', add],
  ]);
  const caller = new Caller('x86_64', new Gdb(stub.mine), new Channel(guest.mine), symbols);
  await caller.check(never);
  expect(await caller.call('add_memory', [1n, 0x140000000n, 0x8000000n, 0n], 5, never)).toBe(-17n);
  expect(cpu.log).toEqual(['1 140000000 8000000 0']);
  expect(cpu.registers.subarray(0, 140)).toEqual(cpu.before.subarray(0, 140));
  // of the CPU that it came back on
  expect(cpu.registers.readBigUInt64LE(180)).toBe(0x2222n);
  await expect(caller.call('no_such', [], 5, never)).rejects.toThrow(
    'the kernel has no no_such() in kallsyms',
  );
});

test('a function that is to fail returns its error without being run, after the calls that run', async () => {
  const [entry, snprintf, add, populate] = [0x1000n, 0x2000n, 0x3000n, 0x4000n];
  const cpu = fakeCpu(entry, snprintf, add);
  const stub = await sockets();
  const guest = await sockets();
  const steps: string[] = [];
  const refusals: bigint[] = [];
  let calls = 0;
  // add_memory() calls the function three times before it comes back
  const gdb = fakeGdb(stub.theirs, (packet) => {
    if (/^[zZ]1,4000,/.test(packet) || packet === 's') steps.push(packet);
    if (packet === 's') return 'T05thread:01;';
    if (packet !== 'c') return cpu.answer(packet);
    const at = cpu.registers.readBigUInt64LE(128);
    if (at === 0x5000n) refusals.push(cpu.registers.readBigInt64LE(0));
    if (calls > 0 && calls < 4 && (at === add || at === populate || at === 0x5000n)) {
      calls++;
      const sp = cpu.registers.readBigUInt64LE(56) - 8n;
      cpu.answer(`M${sp.toString(16)},8:0050000000000000`);
      cpu.registers.writeBigUInt64LE(sp, 56);
      cpu.registers.writeBigUInt64LE(populate, 128);
      return 'T05thread:01;';
    }
    if (at !== 0x5000n) return cpu.answer(packet);
    cpu.registers.writeBigUInt64LE(entry, 128);
    return 'T05thread:01;';
  });
  guest.theirs.on('data', () => {
    calls = 1;
    cpu.before.copy(cpu.registers);
    gdb.send('T05thread:01;');
    setTimeout(() => guest.theirs.write('mhp 0 0 0\n'), 50);
  });
  const symbols = new Map([
    ['__x64_sys_sync', entry],
    ['snprintf', snprintf],
    ['add_memory', add],
    ['vmemmap_populate', populate],
  ]);
  const caller = new Caller('x86_64', new Gdb(stub.mine), new Channel(guest.mine), symbols);
  await caller.fail({ name: 'vmemmap_populate', after: 1, times: 2, result: -12n });
  await caller.call('add_memory', [1n], 5, never);
  expect(steps).toEqual(['Z1,4000,4', 'z1,4000,4', 's', 'Z1,4000,4', 'z1,4000,4']);
  expect(refusals).toEqual([-12n, -12n]);
  await expect(caller.fail({ name: 'no_such', after: 0, times: 1, result: 0n })).rejects.toThrow(
    'the kernel has no no_such() in kallsyms',
  );
});

test('a task that dies in a call is an oops, and the next call is made', async () => {
  const [entry, snprintf, add] = [0x1000n, 0x2000n, 0x3000n];
  const cpu = fakeCpu(entry, snprintf, add);
  const stub = await sockets();
  const guest = await sockets();
  let dies = true;
  const gdb = fakeGdb(stub.theirs, (packet) => {
    if (packet === 'c' && dies && cpu.registers.readBigUInt64LE(128) === add) {
      guest.theirs.write('mhp 139 0 0\n');
      return null;
    }
    return cpu.answer(packet);
  });
  guest.theirs.on('data', () => {
    cpu.before.copy(cpu.registers);
    gdb.send('T05thread:01;');
    if (!dies) setTimeout(() => guest.theirs.write('mhp 0 0 0\n'), 50);
  });
  const symbols = new Map([
    ['__x64_sys_sync', entry],
    ['snprintf', snprintf],
    ['add_memory', add],
  ]);
  const caller = new Caller('x86_64', new Gdb(stub.mine), new Channel(guest.mine), symbols);
  await expect(caller.call('add_memory', [1n], 5, never)).rejects.toThrow(
    new Oops('add_memory() ended in an oops'),
  );
  dies = false;
  expect(await caller.call('add_memory', [1n], 5, never)).toBe(-17n);
});

test('arguments that arrive in another order are noticed before they do harm', async () => {
  const entry = 0x1000n;
  const cpu = fakeCpu(entry, 0x2000n, 0x3000n);
  const stub = await sockets();
  const guest = await sockets();
  const gdb = fakeGdb(stub.theirs, (packet) => {
    const answer = cpu.answer(packet);
    // rcx and r8 are swapped by the time the function sees them
    if (packet.startsWith('G')) {
      const rcx = Buffer.from(cpu.registers.subarray(16, 24));
      cpu.registers.copy(cpu.registers, 16, 64, 72);
      rcx.copy(cpu.registers, 64);
    }
    return answer;
  });
  guest.theirs.on('data', () => {
    cpu.before.copy(cpu.registers);
    gdb.send('T05thread:01;');
    setTimeout(() => guest.theirs.write('mhp 0 0 0\n'), 50);
  });
  const symbols = new Map([
    ['__x64_sys_sync', entry],
    ['snprintf', 0x2000n],
  ]);
  const caller = new Caller('x86_64', new Gdb(stub.mine), new Channel(guest.mine), symbols);
  await expect(caller.check(never)).rejects.toThrow(
    'a call in the guest got its arguments wrong: "5678 1234 9abc" instead of "1234 5678 9abc"',
  );
});
