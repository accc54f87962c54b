// What a deployed stack tells the stage smoke: where its API answers, and which certificate it shows.
import { note } from '../output';
import type { CiHost } from './ci-host';
import type { Outputs } from './terraform/terraform';

/** Passes the outputs on that a later stage needs; a certificate as base64, because a value must be one line. */
export function passOutputs({ api_url, api_ca, api_servername }: Outputs, host: CiHost): void {
  if (api_url) host.pass('api_url', api_url);
  if (api_ca) host.pass('api_ca', Buffer.from(api_ca).toString('base64'));
  if (api_ca === '')
    note('the machine did not print the certificate of its authority; stage smoke needs it in TSDB_API_CA');
  if (api_servername) host.pass('api_servername', api_servername);
}
