// The documented shape of a plan; every plan that a case makes is held against it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import type { Plan } from '../model';

const validate = new Ajv({ allErrors: true }).compile(
  JSON.parse(readFileSync(join(__dirname, '../../docs/plan.schema.json'), 'utf8')),
);

/** What is wrong with a plan as a document; empty when it is as documented. */
export function schemaFaults(plan: Plan): readonly string[] {
  return validate(JSON.parse(JSON.stringify(plan)))
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
