/** A tar archive (ustar) in memory, without owners and times: the same members make the same bytes. */

const BLOCK = 512;

const text = (bytes: Buffer, value: string, at: number): void => {
  bytes.write(value, at, 'utf8');
};
const octal = (bytes: Buffer, value: number, at: number, length: number): void => {
  bytes.write(value.toString(8).padStart(length - 1, '0'), at, 'ascii');
};

/** The path in name and prefix; null if it is too long. */
function nameOf(path: string): readonly [name: string, prefix: string] | null {
  if (path.length <= 100) return [path, ''];
  const slash = path.indexOf('/', path.length - 101);
  if (slash < 0 || slash > 155) return null;
  return [path.slice(slash + 1), path.slice(0, slash)];
}

function header(path: string, size: number, type: '0' | '2', target = ''): Buffer | null {
  const name = nameOf(path);
  if (name === null || target.length > 100) return null;
  const bytes = Buffer.alloc(BLOCK);
  text(bytes, name[0], 0);
  octal(bytes, type === '2' ? 0o777 : 0o644, 100, 8);
  octal(bytes, 0, 108, 8);
  octal(bytes, 0, 116, 8);
  octal(bytes, size, 124, 12);
  octal(bytes, 0, 136, 12);
  bytes.fill(' ', 148, 156);
  text(bytes, type, 156);
  text(bytes, target, 157);
  text(bytes, 'ustar\0' + '00', 257);
  text(bytes, name[1], 345);
  const sum = bytes.reduce((all, byte) => all + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return bytes;
}

export class TarWriter {
  readonly #parts: Buffer[] = [];

  /** False if the path is too long for the format. */
  addFile(path: string, content: string): boolean {
    const data = Buffer.from(content, 'utf8');
    const head = header(path, data.length, '0');
    if (head === null) return false;
    this.#parts.push(head, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK));
    return true;
  }

  addLink(path: string, target: string): boolean {
    const head = header(path, 0, '2', target);
    if (head === null) return false;
    this.#parts.push(head);
    return true;
  }

  bytes(): Buffer {
    return Buffer.concat([...this.#parts, Buffer.alloc(2 * BLOCK)]);
  }
}
