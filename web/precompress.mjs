// Writes a .br and a .gz beside each built file that gets smaller by it, so that the gateway compresses nothing while it serves;
// and says how much a reader's first visit weighs.
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const TEXT = new Set(['.js', '.css', '.html', '.svg', '.json', '.ttf']);
const WORTH_IT_BYTES = 512;
/** Above this (the editor of GraphiQL) the best compression costs seconds and gains 10 %. */
const LARGE_BYTES = 400_000;

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

/** By name, how many bytes a browser is sent. */
export async function precompress(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(folder.length + 1);
      const content = await readFile(path);
      if (!TEXT.has(extname(name)) || content.length < WORTH_IT_BYTES) return [name, content.length];
      const quality = content.length > LARGE_BYTES ? 4 : 10;
      const options = { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } };
      const [small, zipped] = await Promise.all([brotli(content, options), zip(content, { level: 5 })]);
      await Promise.all([writeFile(`${path}.br`, small), writeFile(`${path}.gz`, zipped)]);
      return [name, small.length];
    }),
  );
  return new Map(sizes);
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
  const first = weigh(
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
