// For tests: an app of two stacks that need no provider, where one reads from the other. The cdktf command runs it.
import { DataResource } from 'cdktf';
import { BaseStack } from '../base-stack';
import { readConfig } from '../config';
import { deploymentApp } from '../deployment-app';

const config = readConfig();
const app = deploymentApp(config);
const props = { config, tags: {} };
const first = new BaseStack(app, 'first', props);
const name = new DataResource(first, 'name', {
  input: { is: `${config.name} in ${config.environment}` },
});
new DataResource(new BaseStack(app, 'second', props), 'copy', { input: name.output });
app.synth();
