// For tests: starts the program that stands for Azure, and says how the real provider finds it and logs in.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface AzureEndpoint {
  /** The environment of Terraform. */
  readonly login: Readonly<Record<string, string>>;
  stop(): void;
}

/**
 * @param folder for its key and certificate
 * @param failingRuns which run commands fail, counted from 1
 */
export async function startAzureEndpoint(
  folder: string,
  failingRuns: readonly number[] = [],
): Promise<AzureEndpoint> {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const request = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost';
  const name = 'subjectAltName=DNS:localhost';
  const made = spawnSync(
    'openssl',
    [...request.split(' '), '-addext', name, '-keyout', key, '-out', certificate],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`openssl req failed: ${made.stderr}`);
  const program: ChildProcess = spawn(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'azure-endpoint.ts'), key, certificate, failingRuns.join()],
    { cwd: join(__dirname, '..', '..', '..'), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [port] = (await once(program.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return {
    login: {
      SSL_CERT_FILE: certificate,
      ARM_METADATA_HOSTNAME: `localhost:${String(port).trim()}`,
      ARM_PROVIDER_ENHANCED_VALIDATION: 'false',
      ARM_USE_CLI: 'false',
      ARM_TENANT_ID: '11111111-1111-1111-1111-111111111111',
      ARM_CLIENT_ID: '33333333-3333-3333-3333-333333333333',
      ARM_CLIENT_SECRET: 'nobody-checks-it',
      ARM_SUBSCRIPTION_ID: '44444444-4444-4444-4444-444444444444',
    },
    stop: () => void program.kill('SIGKILL'),
  };
}
