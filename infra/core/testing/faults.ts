// For tests of settings: what is wrong with them.
import { readConfig, SettingsError } from '../config';
import type { Variables } from '../settings/read';

/** Every fault that reading the configuration lists; none when it is read. */
export function faultsOf(env: Variables): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split('\n');
    throw error;
  }
  return [];
}
