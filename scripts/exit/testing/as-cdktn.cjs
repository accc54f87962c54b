// Loaded before a program: whoever asks for cdktf, the sources as well as the providers, gets the fork cdktn.
const Module = require('node:module');

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, ...rest) => resolve(request === 'cdktf' ? 'cdktn' : request, ...rest);
