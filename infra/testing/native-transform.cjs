// Stands in for a file of cdktf, constructs, a provider or another package that jest cannot load well: gives what the worker itself has loaded (native-environment.cjs).
module.exports = {
  process: (_source, path) => ({ code: `module.exports = nativeRequire(${JSON.stringify(path)});` }),
};
