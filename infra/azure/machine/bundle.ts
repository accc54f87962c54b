// The application bundle: all that a release of the machine needs, as one archive with its own hash.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { poolerConfiguration } from '../../core/pooler';
import { filesBelow } from '../../core/source-hash';
import { caddyfile } from './caddyfile';
import { composeFile } from './compose/compose-file';
import { POOLER_FOLDER } from './compose/pooler-service';
import { DUMP_DOCKERFILE } from './dump-image';
import { checkRelease, type ReleaseProps } from './release-props';
import { releaseSettings } from './release-settings';
import { releaseUnits } from './release-units';
import { type TarFile, tar } from './tar';

export interface BundleProps extends ReleaseProps {
  /** Folder with the built program: `npm run build -- <folder>`. */
  readonly programFolder: string;
}

export interface Bundle {
  readonly path: string;
  /** Of the file at `path`, in hexadecimal. */
  readonly sha256: string;
  /** `tsdb-<first 16 digits of the hash>.tar.gz`. */
  readonly name: string;
}

const SCRIPTS = join(__dirname, 'release');

/**
 * Writes the bundle into a folder, which is created if necessary. The same input gives the same bytes on every machine.
 * @throws RangeError when the properties contradict each other; Error when the program is not built.
 */
export function writeBundle(props: BundleProps, folder: string): Bundle {
  const archive = archiveOf(props);
  const sha256 = createHash('sha256').update(archive).digest('hex');
  const name = `tsdb-${sha256.slice(0, 16)}.tar.gz`;
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, archive);
  return { path, sha256, name };
}

function archiveOf(props: BundleProps): Buffer {
  checkRelease(props);
  const { programFolder } = props;
  if (!existsSync(join(programFolder, 'tsdb.js')))
    throw new Error(`${programFolder} has no tsdb.js; build it first: npm run build -- ${programFolder}`);
  const archive = tar([
    ...folderFiles(programFolder, 'program'),
    ...folderFiles(SCRIPTS, ''),
    text('compose.yaml', composeFile(props)),
    text('Caddyfile', caddyfile(props)),
    text('dump.Dockerfile', DUMP_DOCKERFILE),
    ...(props.pooler === undefined
      ? []
      : [text(`${POOLER_FOLDER}/pgbouncer.ini`, poolerConfiguration('timescaledb', props.pooler.size))]),
    text('release.env', releaseSettings(props)),
    ...Object.entries(releaseUnits(props)).map(([name, content]) => text(`systemd/${name}`, content)),
  ]);
  // Stored without compression, because the output of a compressor depends on its version and on the processor.
  const zipped = gzipSync(archive, { level: 0 });
  zipped[9] = 255; // the operating system that wrote it: unknown
  return zipped;
}

const text = (path: string, content: string): TarFile => ({
  path,
  mode: 0o644,
  content: Buffer.from(content),
});

function folderFiles(folder: string, under: string): readonly TarFile[] {
  return filesBelow(folder).map((path) => {
    const content = readFileSync(join(folder, path));
    // The mode follows from the content, because not every checkout keeps file modes.
    const mode = content.subarray(0, 2).toString('latin1') === '#!' ? 0o755 : 0o644;
    return { path: posix.join(under, path), mode, content };
  });
}
