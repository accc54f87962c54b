// Objects of others in our schemas, which a set names so that plans neither list nor drop them.
import { UsageError } from '../core/errors';

/**
 * Checks the names of unmanaged objects: `schema.name`, where `*` stands for any text.
 * @throws UsageError that names the set.
 */
export function checkUnmanaged(set: string, names: readonly string[]): void {
  for (const name of names) {
    if (!/^[^.\s]+\.[^.\s]+$/.test(name))
      throw new UsageError(
        `set ${set}: unmanaged object "${name}" is not a name; write "schema.name" or "schema.prefix_*"`,
      );
  }
}

/** Whether an object, `schema.name`, belongs to somebody else. */
export const isUnmanaged = (
  { unmanaged }: { readonly unmanaged: readonly string[] },
  name: string,
): boolean => unmanaged.some((pattern) => toRegExp(pattern).test(name));

const toRegExp = (pattern: string): RegExp => new RegExp(`^${pattern.split('*').map(literally).join('.*')}$`);

const literally = (text: string): string => text.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&');
