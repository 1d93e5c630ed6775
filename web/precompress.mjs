// Writes a .br and a .gz beside each built file that gets smaller by it, so that the gateway compresses nothing while it serves;
// and says how much a reader's first visit weighs.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = new Set(['.js', '.css', '.html', '.svg', '.json', '.ttf']);
const WORTH_IT_BYTES = 512;
/** Above this the best compression costs seconds and gains 3 %. */
const LARGE_BYTES = 400_000;

export function precompress(folder) {
  const sizes = new Map();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    const name = path.slice(folder.length + 1);
    sizes.set(name, content.length);
    if (!TEXT.has(extname(name)) || content.length < WORTH_IT_BYTES) continue;
    const quality = content.length > LARGE_BYTES ? 5 : 11;
    const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } });
    writeFileSync(`${path}.br`, brotli);
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 6 }));
    sizes.set(name, brotli.length);
  }
  return sizes;
}

/** Everything that a chunk of the bundle brings with it: scripts, style sheets, and the files that those name. */
function weigh(bundle, sizes, chunk, seen) {
  if (seen.has(chunk.fileName)) return 0;
  seen.add(chunk.fileName);
  const files = [chunk.fileName, ...(chunk.viteMetadata?.importedCss ?? []), ...(chunk.viteMetadata?.importedAssets ?? [])];
  const own = files.reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
  return chunk.imports.reduce((sum, name) => sum + weigh(bundle, sizes, bundle[name], seen), own);
}

/** How much a first visit weighs, and each page that is loaded when it is opened. */
export function describeSizes(bundle, sizes) {
  const chunks = Object.values(bundle).filter(({ type }) => type === 'chunk');
  const seen = new Set();
  const first =
    fonts +
    weigh(
      bundle,
      sizes,
      chunks.find(({ isEntry, name }) => isEntry && name === 'index'),
      seen,
    );
  const pages = chunks.filter(({ isDynamicEntry, name }) => isDynamicEntry && name.endsWith('-page'));
  const kB = (bytes) => `${Math.round(bytes / 1_000)} kB`;
  const others = pages.map((page) => `${page.name} ${kB(weigh(bundle, sizes, page, new Set(seen)))}`);
  return `pages: a first visit weighs ${kB(first)} compressed; then ${others.join(', ')}`;
}
