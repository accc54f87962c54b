// The smallest possible app of cdktf: one stack with nothing in it. Syntheses are compared with it.
import { App, TerraformStack } from 'cdktf';

const app = new App();
new TerraformStack(app, 'empty');
app.synth();
