// For tests: Caddy in a container of the stand-in for docker. The real program where it is installed, else another one.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onMachine, type Service } from './compose-document';
import { setting } from './stand-in-settings';

/** The command line that starts it. */
export function proxyProcess(service: Service, adminPort: number): readonly string[] {
  const file = configurationFor(service, adminPort);
  const caddy = setting('caddy');
  if (caddy !== '') return [caddy, 'run', '--config', file, '--adapter', 'caddyfile'];
  return [
    process.execPath,
    join(__dirname, 'stand-in-proxy.js'),
    file,
    setting('proxyPort'),
    String(adminPort),
  ];
}

/** The command line that makes it read its configuration again. */
export function reloadCommand(service: Service, adminPort: number): readonly string[] {
  const file = configurationFor(service, adminPort);
  const address = `127.0.0.1:${adminPort}`;
  const caddy = setting('caddy');
  if (caddy !== '')
    return [caddy, 'reload', '--config', file, '--adapter', 'caddyfile', '--address', address];
  return ['curl', '--silent', '--fail-with-body', '--request', 'POST', `http://${address}/load`];
}

// The release's own file but for the addresses: ports of this machine, and no TLS.
function configurationFor(service: Service, adminPort: number): string {
  const text = readFileSync(join(onMachine(service, '/etc/caddy'), 'Caddyfile'), 'utf8')
    .replace('localhost:2019', `127.0.0.1:${adminPort}`)
    .replace('https://tsdb.internal, https://', `http://127.0.0.1:${setting('proxyPort')}`)
    .replace('\ttls internal\n', '')
    .replace(/api-blue:\d+/, `127.0.0.1:${setting('bluePort')}`)
    .replace(/api-green:\d+/, `127.0.0.1:${setting('greenPort')}`);
  const file = join(setting('state'), 'Caddyfile');
  writeFileSync(file, text);
  return file;
}
