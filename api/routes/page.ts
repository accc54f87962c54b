// The page at `/` with its script and style, and uPlot from its npm package.
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { ApiApp } from '../http/instance';

/** Adds the page. Each file is a route of its own, so nothing else below the folders can be asked for. */
export function pageRoutes(app: ApiApp): void {
  app.register(fastifyStatic, {
    root: join(__dirname, '..', 'public'),
    wildcard: false,
    // The page must fit the API it talks to: browsers ask each time, and get 304.
    cacheControl: false,
    setHeaders: (response) => {
      response.setHeader('cache-control', 'no-cache');
    },
  });
  const uplot = dirname(require.resolve('uplot/dist/uPlot.iife.min.js'));
  app.register(fastifyStatic, {
    root: uplot,
    prefix: '/vendor/uplot/',
    decorateReply: false,
    wildcard: false,
    globIgnore: ['**/*.ts', '**/*.cjs.js', '**/*.esm.js', '**/uPlot.iife.js'],
    maxAge: '1d',
  });
}
