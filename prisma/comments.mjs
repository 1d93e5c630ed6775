// The docstrings (///) of prisma/schema as COMMENT ON statements, for people who look at the tables with SQL. A test holds the database to
// them: after a change, `node prisma/comments.mjs > prisma/migrations/<time>_comments/migration.sql` is the migration that is missing.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('schema/', import.meta.url);

/** { 'mart.mart_coins': 'Grain: …', 'mart.mart_coins.coin_id': 'CoinGecko id, …' }: tables, and columns that have a docstring. */
export function readComments() {
  const comments = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.prisma'))) {
    for (const [, docs, body] of readFileSync(new URL(file, folder), 'utf8').matchAll(/((?:^\/\/\/.*\n)*)^model \w+ \{\n([\s\S]*?)^\}/gm)) {
      const table = `${body.match(/@@schema\("(\w+)"\)/)[1]}.${body.match(/@@map\("(\w+)"\)/)[1]}`;
      comments.set(table, textOf(docs));
      for (const [, words, name, rest] of body.matchAll(/((?:^ *\/\/\/.*\n)*)^ {2}(\w+)(.*)$/gm))
        if (words !== '') comments.set(`${table}.${rest.match(/ @map\("(\w+)"\)/)?.[1] ?? name}`, textOf(words));
    }
  }
  for (const [name, text] of comments) if (text === '') comments.delete(name);
  return comments;
}

function textOf(docs) {
  return docs
    .replace(/^ *\/\/\/ ?/gm, '')
    .trim()
    .replace(/\n/g, ' ');
}

export function commentStatements() {
  return Array.from(readComments(), ([name, text]) => {
    const parts = name.split('.').map((part) => `"${part}"`);
    return `COMMENT ON ${parts.length === 2 ? 'TABLE' : 'COLUMN'} ${parts.join('.')} IS '${text.replaceAll("'", "''")}';`;
  }).join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(commentStatements());
