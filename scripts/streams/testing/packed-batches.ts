// For tests: batches as the Java client of Kafka 4.2.1 packs them (`Compression.of(name).build().wrapForOutput`), in base64.

/** What they hold. */
export const PLAIN = Array.from(
  { length: 40 },
  (_, i) => `{"time":"2026-11-20T12:00:0${i % 10}Z","sensor_id":"s${(i * 7919) % 13}"}\n`,
).join('');

export const PACKED = {
  gzip: [
    'H4sIAAAAAAAA/5XTLQ7CQBgGYc8xVtNkd/vPOVAYDBUVQEJxDXcH9JSdkFR2xJfn3TU85+sUDiHH3FUpVTkeUz7E+PlOYR+W6bbc',
    'H+f58vllieG1W38HCUEuBxlBUw5qBF05aBAM5aBFkOTqjoWc3bMoBwOCuhyMCNpyQOv+X+vxX+skVxNbJIgtEMSW/dFa9kdq2R+p',
    'bX+0tv0RWySILfsjtuyP1rI/Wsv+Nh62XE1skSC2QBBb9kdr2R+pZX+ktv1tPGw5m9giQWzZH7Flf7SW/dFa9rfxsOVqYn8l3k5s',
    'XpOxBwAA',
  ].join(''),
  snappy: [
    'glNOQVBQWQAAAAABAAAAAQAAAUqxD8B7InRpbWUiOiIyMDI2LTExLTIwVDEyOjAwOjAwWiIsInNlbnNvcl9pZCI6InMwIn0KajEA',
    'ADFCMQAEMiJyMQAAMkIxAAA0djEAADNCMQAANnYxAAA0QjEAADh2MQAANUIxAAAxevYAADZGMgB69wAAN0YyAHaVAAA4QjEAADN2',
    'MQAAOUIxAAA1djEARuwBADd2MQBG7AEAOXYxAEbsAQAxevYARu0BeooBRu0BeokBRu0BeoACRuwBeoACRusBeoACRusBfoACRuwB',
    'foACRu0BeooBRu0BeoACRu0BeoACRuwBeoACRuwBeoACRuwBfoACRu0BeoACRu0BeoACRu0BeoACRuwBeoACRusBeoACRusBfoAC',
    'RuwBfoACRu0BeoACRu0BeoACRu0BeoACRuwBeoACRuwBeoACRuwBfoACRu0BDDAifQo=',
  ].join(''),
  lz4: [
    'BCJNGGBAgl4BAAD/InsidGltZSI6IjIwMjYtMTEtMjBUMTI6MDA6MDBaIiwic2Vuc29yX2lkIjoiczAifQoxAAgdMTEAHzIxAAsd',
    'MjEAHzQxAAsdMzEAHzYxAAsdNDEAHzgxAAsdNTEAHzH2AAweNjIAD/cADB43MgAPlQALHTgxAB8zMQALHTkxAB81MQALDuwBHzcx',
    'AAsO7AEfOTEACw7sAS8xMTIACw7tAQ+KAQwO7QEPiQEMDu0BD4ACDA7sAQ+AAgwO6wEPgAIMDusBD4ACDQ7sAR8x9wAMDu0BD4oB',
    'DA7tAQ+AAgwO7QEPgAIMDuwBD4ACDA7sAQ+AAgwO7AEPgAINDu0BD4ACDA7tAQ+JAQwO7QEPgAIMDuwBD4ACDA7rAQ+AAgwO6wEP',
    'gAINDuwBD4ACDQ7tAQ+AAgwO7QEPgAIMDu0BD4ACDA7sAQ+AAgwO7AEPgAIMDuwBD4ACDQ3tAVBzMCJ9CgAAAAA=',
  ].join(''),
  zstd: [
    'KLUv/QBYvAUAgsYUGKApHYPZps0Oa2xUl+29t5RSJkphflTIA8eUxLO7x5TEs7vHlMzDX80/LsVjxsVpNJd2v41FNRUqQjJAHJIB',
    'SQUoQYtadAf6wz7yfaFCCkmiFAE5INAbxWKfGF0RK5JEV8SKxOiMWCIpuiJWJEWniBVJ0RWxIkl0RswSyaAG5hOZWcSbmSjzFZnM',
    'km/uzESp+Y4iO4t4MxNlPiKDWfTN5czyG5lPZLOIZ2aizCeyOYugIYECAQAA',
  ].join(''),
} as const;
