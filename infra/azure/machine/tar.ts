// Writes a tar archive (ustar) that depends only on its files, not on times, owners or the order of a folder.
// tar-stream is installed only as a dependency of another package, and it uses streams, while synthesis is synchronous.

/** One file. The folders above it are created when it is unpacked. */
export interface TarFile {
  /** With slashes, relative, 255 bytes at most. */
  readonly path: string;
  readonly mode: 0o644 | 0o755;
  readonly content: Buffer;
}

const BLOCK = 512;

/**
 * The archive's bytes, files sorted by path.
 * @throws RangeError when a path is not relative, occurs twice, or does not fit into the format
 */
export function tar(files: readonly TarFile[]): Buffer {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const twice = sorted.find(({ path }, index) => path === sorted[index + 1]?.path);
  if (twice) throw new RangeError(`${twice.path} is in the archive twice`);
  // Two empty blocks mark the end.
  return Buffer.concat([
    ...sorted.flatMap((file) => [header(file), padded(file.content)]),
    Buffer.alloc(2 * BLOCK),
  ]);
}

function header({ path, mode, content }: TarFile): Buffer {
  const { prefix, name } = splitPath(path);
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0);
  block.write(octal(mode, 8), 100);
  block.write(octal(0, 8), 108); // user
  block.write(octal(0, 8), 116); // group
  block.write(octal(content.length, 12), 124);
  block.write(octal(0, 12), 136); // time
  block.fill(' ', 148, 156); // the checksum is computed as if its own field held spaces
  block.write('0', 156); // a plain file
  block.write('ustar\u000000', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

function padded(content: Buffer): Buffer {
  const rest = content.length % BLOCK;
  return rest === 0 ? content : Buffer.concat([content, Buffer.alloc(BLOCK - rest)]);
}

// The format has 155 bytes for the folders of a path and 100 for the rest; the slash between them is not stored.
function splitPath(path: string): { readonly prefix: string; readonly name: string } {
  if (!/^[^/]+(\/[^/]+)*$/.test(path) || path.split('/').includes('..'))
    throw new RangeError(`"${path}" is not a plain relative path`);
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { prefix, name };
  }
  throw new RangeError(`the path "${path}" is too long for a tar archive`);
}
