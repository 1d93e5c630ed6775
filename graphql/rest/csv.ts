/**
 * An answer as CSV (RFC 4180): a line for each item, a column for each value, those of objects within as "price.usd"; lists within are left out.
 * Must stay true: the header stands also over no lines; digits are the answer's own; a spreadsheet runs nothing of it.
 */
import { getNamedType, getNullableType, isListType } from 'graphql';
import { isConnection, type Selected } from './routes.js';

interface Column {
  header: string;
  path: string[];
  /** Words of others: what would be a formula is marked as text. */
  isText: boolean;
}

/** `data`: a list, a page or one item. */
export function toCsv(answer: Selected, data: unknown): string {
  const item = itemOf(answer);
  const columns = columnsOf(item, []);
  const nodes = item === answer ? data : (data as { nodes: unknown }).nodes;
  const rows = Array.isArray(nodes) ? nodes : [nodes];
  const lines = [columns.map(({ header }) => header), ...rows.map((row) => columns.map((column) => cellOf(column, row)))];
  return `${lines.map((line) => line.map(quote).join(',')).join('\r\n')}\r\n`;
}

/** A page's items are its nodes. */
function itemOf(answer: Selected): Selected {
  const nodes = isConnection(getNamedType(answer.type)) ? answer.fields?.find(({ name }) => name === 'nodes') : undefined;
  return nodes ?? answer;
}

function columnsOf({ fields }: Selected, path: string[]): Column[] {
  return (fields ?? []).flatMap((field) => {
    const own = [...path, field.name];
    if (isListType(getNullableType(field.type))) return [];
    if (field.fields !== null) return columnsOf(field, own);
    return [{ header: own.join('.'), path: own, isText: ['String', 'ID'].includes(getNamedType(field.type).name) }];
  });
}

function cellOf({ path, isText }: Column, row: unknown): string {
  let value = row;
  for (const name of path) value = (value as Record<string, unknown> | null)?.[name];
  const text = value === null || value === undefined ? '' : String(value);
  return isText && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
