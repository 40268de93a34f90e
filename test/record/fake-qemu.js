#!/usr/bin/env node
// Stands for QEMU in tests of what becomes of processes and files: makes the sockets and memory files that the arguments name, and
// answers as MHP_FAKE says.
import { appendFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

const args = process.argv.slice(2).join(' ');
const mode = process.env.MHP_FAKE ?? 'ok';
const path = (pattern) => pattern.exec(args)[1];
if (process.env.MHP_FAKE_PID) writeFileSync(process.env.MHP_FAKE_PID, String(process.pid));
if (mode === 'refuse') {
  process.stderr.write('qemu-system-x86_64: cannot set up guest memory: Cannot allocate memory\n');
  process.exit(1);
}
const log = path(/logfile=([^ ,]+)/);
const print = (text) => appendFileSync(log, text);
for (const [, file] of args.matchAll(/mem-path=([^ ,]+)/g)) writeFileSync(file, '');
const serve = (file, connected) => createServer(connected).listen(file);
serve(path(/id=console,path=([^ ,]+)/), () => {});
serve(path(/id=gdb,path=([^ ,]+)/), () => {});
serve(path(/unix:([^ ,]+)/), (socket) => {
  const send = (message) => socket.write(`${JSON.stringify(message)}\n`);
  send({ QMP: {} });
  socket.on('data', (chunk) => {
    for (const line of chunk.toString().split('\n').filter(Boolean))
      send({ return: [], id: JSON.parse(line).id });
  });
});
print('[    0.000000] Linux version 6.1.0-fake\n');
if (mode === 'panic') print('[    1.000000] Kernel panic - not syncing: No working init found.\n');
if (mode === 'no-port') print('[    2.000000] mhp: no virtio port: the kernel has no virtio console\n');
serve(path(/id=guest,path=([^ ,]+)/), (socket) => {
  if (['panic', 'silent', 'no-port'].includes(mode)) return;
  socket.write('mhp ready\n');
  let writes = 0;
  socket.on('data', (chunk) => {
    const line = chunk.toString();
    const out =
      line === 'uname -r\n' ? '6.1.0-fake\n' : line.startsWith('cat /proc/cmdline') ? 'quiet\n' : '';
    const isWrite = /memory\d+\/state$/m.test(line.replaceAll("'", '')) && line.startsWith('timeout');
    if (isWrite) writes++;
    if (isWrite && writes === 2 && mode === 'hang') return;
    if (isWrite && writes === 2 && mode === 'die') process.exit(3);
    if (isWrite && writes === 2 && mode === 'full')
      for (const work of readdirSync('.').filter((name) => name.startsWith('.mhp-record-'))) {
        mkdirSync(`${work}/full/02-echo-online-memory-memory9-state`);
        symlinkSync('/dev/full', `${work}/full/02-echo-online-memory-memory9-state/step.json`);
      }
    if (isWrite && writes === 2 && mode === 'busy') {
      const err = 'sh: write error: Device or resource busy\n';
      socket.write(`mhp 1 0 ${err.length}\n${err}`);
      return;
    }
    if (isWrite && writes === 2 && mode === 'oops') {
      print('[    2.000000] BUG: unable to handle page fault for address: ffff888100000000\n');
      socket.write('mhp 137 0 0\n');
      return;
    }
    socket.write(`mhp ${line.startsWith('cat /sys/kernel') ? 1 : 0} ${out.length} 0\n${out}`);
  });
});
