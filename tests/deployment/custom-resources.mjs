// Whether a custom resource fits its kind's schema. The schemas come as npm packages, made from the operators' own types, whose validators let
// unknown fields pass; so a field's name must also be one that the package knows at all.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Below these a key is the author's own, or Kubernetes's, whose types the packages do not hold. */
const FREE = new Set(['labels', 'annotations', 'selector', 'behavior', 'metadata', 'valuesObject', 'data']);
/** A field too, but the packages are made without any description. */
const UNWRITTEN = new Set(['description']);

/** Finds models by apiVersion and kind in the packages under `directory`. */
export function openModels(directory) {
  const scope = join(directory, 'node_modules/@kubernetes-models');
  const packages = readdirSync(scope).map((name) => join(scope, name));
  const vocabularies = new Map();
  return {
    async find(apiVersion, kind) {
      for (const directory of packages) {
        const file = ['mjs', 'js'].map((end) => join(directory, `${apiVersion}/${kind}.${end}`)).find((path) => existsSync(path));
        if (file === undefined) continue;
        const { [kind]: Model } = await import(pathToFileURL(file).href);
        if (!vocabularies.has(directory)) vocabularies.set(directory, wordsOf(join(directory, '_schemas')));
        return { Model, words: vocabularies.get(directory) };
      }
      return null;
    },
  };
}

function wordsOf(directory) {
  const texts = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'));
  return new Set(texts.flatMap((text) => text.match(/\w+/g) ?? []));
}

export async function findProblems(models, object) {
  const name = `${object.kind} ${object.metadata.name}`;
  const found = await models.find(object.apiVersion, object.kind);
  if (found === null) return [`${name}: no schema of ${object.apiVersion} is known`];
  const problems = [];
  try {
    new found.Model(object).validate();
  } catch (error) {
    problems.push(`${name}: ${error.message}`);
  }
  for (const key of keysOf(object)) if (!found.words.has(key) && !UNWRITTEN.has(key)) problems.push(`${name}: no field is called ${key}`);
  return problems;
}

function* keysOf(value) {
  if (Array.isArray(value)) for (const each of value) yield* keysOf(each);
  else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) {
      yield key;
      if (!FREE.has(key)) yield* keysOf(inner);
    }
  }
}
