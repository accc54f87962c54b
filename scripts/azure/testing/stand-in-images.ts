// For tests: the images that the stand-in for docker has, which are names and nothing else.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setting } from './stand-in-settings';

/** Names of all images. */
export const images = (): readonly string[] =>
  existsSync(file()) ? (JSON.parse(readFileSync(file(), 'utf8')) as string[]) : [];

export const idOf = (image: string): string => `sha256:${createHash('sha256').update(image).digest('hex')}`;

/** As if it had been pulled or built. */
export function remember(image: string): void {
  write([...new Set([...images(), image])]);
}

export function forget(id: string): void {
  write(images().filter((image) => idOf(image) !== id));
}

const file = (): string => join(setting('state'), 'images.json');

const write = (names: readonly string[]): void => writeFileSync(file(), JSON.stringify(names));
