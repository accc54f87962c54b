// Stack traces of a bundled program name its TypeScript files and lines.
const { readFileSync } = require('node:fs');
const { SourceMap } = require('node:module');
const { dirname, resolve } = require('node:path');

/**
 * From now on, the frames of a script are shown where its sources have them. Its map is read when the first stack is asked for,
 * from an open file, because a later build removes the file of a program that still runs.
 * `process.setSourceMapsEnabled(false)` switches this off too.
 */
function nameSources(script, file) {
  let map;
  process.setSourceMapsEnabled(true);
  const inSources = (frame) => {
    if (frame.getFileName() !== script) return `${frame}`;
    map ??= new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
    const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
    const { originalSource, originalLine, originalColumn } = map.findEntry(line - 1, column - 1);
    if (originalSource === undefined) return `${frame}`;
    const place = `${resolve(dirname(script), originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
    return `${frame}`.replace(`${script}:${line}:${column}`, () => place);
  };
  Error.prepareStackTrace = (error, frames) => {
    const lines = process.sourceMapsEnabled ? frames.map(inSources) : frames;
    const head = Error.prototype.toString.call(error);
    return lines.length === 0 ? head : `${head}\n    at ${lines.join('\n    at ')}`;
  };
}

module.exports = { nameSources };
