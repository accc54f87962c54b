// The environment of the jest project `programs`, and of suites that name it. Each suite has modules of its own; a provider of cdktf takes seconds to
// load, so those packages are loaded outside of the suites, once per worker (native-transform.cjs hands them in).
const { TestEnvironment } = require('jest-environment-node');

module.exports = class NativeEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.nativeRequire = require;
  }
};
