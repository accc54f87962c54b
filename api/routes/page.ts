// The page at `/` with its scripts and styles, and uPlot from its npm package.
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { ApiApp } from '../http/instance';

/** Adds the page. Each file is a route of its own, so no other file in these folders can be requested. */
export function pageRoutes(app: ApiApp): void {
  app.register(fastifyStatic, {
    root: join(__dirname, '..', 'public'),
    wildcard: false,
    // The page must match the version of the API, so browsers revalidate it each time and usually get 304.
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
