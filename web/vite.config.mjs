// Builds the dashboard and GraphiQL into dist/web; `npm run web` serves them with hot reload beside a running platform.
import { fileURLToPath } from 'node:url';
import { describeSizes, precompress } from './precompress.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const platform = process.env.PLATFORM_URL ?? 'http://127.0.0.1:4000';

export default {
  root: here('.'),
  appType: 'spa',
  plugins: [
    {
      name: 'precompress',
      apply: 'build',
      writeBundle: async ({ dir }, bundle) => console.log(describeSizes(bundle, await precompress(dir))),
    },
    {
      // The style sheet names the font too late for the first paint.
      name: 'preload-font',
      apply: 'build',
      transformIndexHtml: (_html, { bundle }) =>
        Object.keys(bundle)
          .filter((name) => name.endsWith('.woff2') && !_html.includes('graphiql'))
          .map((name) => ({
            tag: 'link',
            attrs: { rel: 'preload', href: `/${name}`, as: 'font', type: 'font/woff2', crossorigin: '' },
            injectTo: 'head-prepend',
          })),
    },
  ],
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    target: 'es2023',
    // Nothing inline: the pages' Content-Security-Policy takes files of their own origin alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4_000,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: { index: here('index.html'), graphiql: here('graphiql.html') },
      // Directives such as "use client" in packages mean nothing in a bundle for browsers.
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
    },
  },
  // The workers of its editor are files of their own, which bundling ahead for development cannot see.
  optimizeDeps: {
    exclude: ['graphiql/setup-workers/vite', '@graphiql/react/setup-workers/vite'],
    entries: ['index.html', 'graphiql.html'],
  },
  server: { port: 4005, proxy: { '/graphql': { target: platform, ws: true } } },
};
