// Lets plain Node import the sources, where Jest's transforms do not reach: `node --import ./tests/kit/typescript-hooks.mjs program.ts`.
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import swcOptions from './swc-options.mjs';

registerHooks({
  resolve(specifier, context, next) {
    const source =
      /^\..*\.js$/.test(specifier) &&
      context.parentURL?.startsWith('file:') &&
      new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    return source && existsSync(source) ? { url: source.href, shortCircuit: true } : next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context);
    const { code } = transformSync(readFileSync(fileURLToPath(url), 'utf8'), { ...swcOptions, filename: fileURLToPath(url) });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
