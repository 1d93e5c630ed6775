/**
 * What Grafana's JSON datasources send, read leniently: unknown keys are passed over, what may be missing is. Two plugins in many versions
 * send it: simpod-json-datasource and the older simple-json.
 * Must stay true: no text of a dashboard is run as a regular expression here.
 */
import { z } from 'zod';
import { badUserInput } from '../errors.js';
import { LIMITS } from '../limits.js';

/** Text or a list of texts; a number counts as its digits. */
const words = z.union([z.string(), z.number().transform(String), z.array(z.union([z.string(), z.number().transform(String)]))]);

/** What a filter says is looked for in each coin, so it has limits of its own. */
const filterText = z.string().max(500);
const filter = z.object({
  key: filterText,
  operator: filterText,
  value: z.union([filterText, z.number(), z.boolean()]).nullish(),
  values: z.array(filterText).max(LIMITS.ids).optional(),
});
export type AdHocFilter = z.infer<typeof filter>;

const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const range = z.object({ from: instant, to: instant });

const target = z.object({
  refId: z.string().optional(),
  target: z.string().optional(),
  /** Of simple-json: "timeserie" or "table". */
  type: z.string().optional(),
  payload: z.record(z.string(), z.unknown()).catch({}).default({}),
});
export type Target = z.infer<typeof target>;

const filters = z.array(filter).max(20).nullish();

export const queryRequest = z.object({
  range,
  maxDataPoints: z.number().positive().nullish(),
  intervalMs: z.number().positive().nullish(),
  targets: z.array(target).max(50),
  scopedVars: z.record(z.string(), z.object({ value: z.unknown() }).catch({ value: undefined })).nullish(),
  /** simpod; simple-json says adhocFilters. */
  filters,
  adhocFilters: filters,
});
export type QueryRequest = z.infer<typeof queryRequest>;

export function filtersOf({ filters, adhocFilters }: QueryRequest): AdHocFilter[] {
  return [...(filters ?? []), ...(adhocFilters ?? [])];
}

export const annotationRequest = z.object({ range, annotation: z.looseObject({ query: z.string().nullish() }) });
export const variableRequest = z.object({ payload: z.looseObject({ target: z.string().optional() }).catch({}).default({}) });
export const searchRequest = z.object({ target: z.string().nullish() }).catch({});
export const tagValuesRequest = z.object({ key: z.string() });

export function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw badUserInput(`The request is not what Grafana's plugins send: ${issue?.path.join('.') || 'body'}: ${issue?.message}`);
}

/** What stands for "all": Grafana's own word, and what people set as the value of All. */
const ALL = new Set(['', '*', '.*', '.+', '$__all', 'all']);

/**
 * The values of a dashboard variable, as the plugin has put them into text: in its "regex" form one value has escapes, several are
 * "(a|b)"; in the "glob" form they are "{a,b}"; people write "a,b". Null: all of them.
 */
export function readSelection(value: unknown): string[] | null {
  const given = words.safeParse(value);
  if (!given.success) return null;
  const texts = Array.isArray(given.data) ? given.data : [given.data];
  const chosen = texts.flatMap(splitSelection).map((text) => text.trim());
  if (chosen.length > LIMITS.ids) throw badUserInput(`A selection holds at most ${LIMITS.ids} values; this one has ${chosen.length}`);
  return chosen.length === 0 || chosen.some((text) => ALL.has(text.toLowerCase())) ? null : [...new Set(chosen)];
}

function splitSelection(text: string): string[] {
  if (/^\(.*\)$/s.test(text)) return splitAlternatives(text.slice(1, -1)).map(removeEscapes);
  if (/^\{.*\}$/s.test(text)) return text.slice(1, -1).split(',');
  return text.split(',').map(removeEscapes);
}

/** At each "|" that is not escaped. */
export function splitAlternatives(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let index = 0; index < text.length; index++) {
    const sign = text[index] as string;
    if (sign === '\\') part += sign + (text[++index] ?? '');
    else if (sign === '|') {
      parts.push(part);
      part = '';
    } else part += sign;
  }
  return [...parts, part];
}

export function removeEscapes(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}
