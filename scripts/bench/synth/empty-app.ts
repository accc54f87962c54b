// The least that an app of cdktf can be: one stack with nothing in it. What a synthesis is measured against.
import { App, TerraformStack } from 'cdktf';

const app = new App();
new TerraformStack(app, 'empty');
app.synth();
