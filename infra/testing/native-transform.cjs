// Stands in for a file of cdktf, constructs or a provider: gives what the worker itself has loaded (native-environment.cjs).
module.exports = {
  process: (_source, path) => ({ code: `module.exports = nativeRequire(${JSON.stringify(path)});` }),
};
