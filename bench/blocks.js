// Makes a directory like the sysfs of a host with this many memory blocks. Arguments: directory, blocks.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';

const [root, count] = process.argv.slice(2);
const memory = `${root}/sys/devices/system/memory`;
mkdirSync(memory, { recursive: true });
mkdirSync(`${root}/sys/devices/system/node/node0`, { recursive: true });
writeFileSync(`${memory}/block_size_bytes`, '8000000\n');
for (let id = 0; id < Number(count); id++) {
  const dir = `${memory}/memory${id}`;
  mkdirSync(dir);
  const files = {
    state: 'online',
    removable: '1',
    phys_index: id.toString(16).padStart(8, '0'),
    valid_zones: 'Normal',
    online: '1',
    phys_device: '0',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(`${dir}/${name}`, `${text}\n`);
  symlinkSync('../../node/node0', `${dir}/node0`);
}
