// A flag that several commands have.
import { Option } from 'commander';
import { listOf } from './stage';

/** Consent to the loss of data. */
export const allowOption = (): Option =>
  new Option('--allow <addresses>', 'resources that hold data and may be destroyed, with commas between')
    .argParser(listOf)
    .default([]);
