/** The page of the REST routes: what there is, with links to try it. Plain HTML with a style of its own, so it works without any network. */
import { createHash } from 'node:crypto';
import { getNamedType, isEnumType } from 'graphql';
import { toTemplate } from './openapi.js';
import type { Parameter, RestRoute } from './routes.js';

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;background:light-dark(#fff,#0d0e12);color:light-dark(#15171c,#eceef2)}
header,main{max-width:60rem;margin:auto;padding:.75rem 1rem;overflow-wrap:anywhere}header a{margin-right:1rem}
a{color:light-dark(#1d4ed8,#9db2ff)}code{font-family:ui-monospace,monospace;font-size:.9em}h1{margin:.5rem 0}h2{margin-top:2.5rem;border-top:1px solid #8884;padding-top:1rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8884;padding:.3rem .6rem;text-align:left;vertical-align:top}th{font-weight:600}
td:nth-child(-n+2){overflow-wrap:normal}@media(max-width:40rem){td,th{padding:.3rem .25rem}td{font-size:.9rem}}`;

/** Allows the page its style and nothing else. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'`;

/** Values for the links: whatever has to be given. */
const EXAMPLES: Record<string, string> = {
  id: 'bitcoin',
  name: 'mart.mart_coins',
  interval: 'ONE_DAY',
  metric: 'PRICE_USD',
  coinIds: 'bitcoin,ethereum',
};

export function restPage(routes: readonly RestRoute[], now: Date): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>REST · Crypto Data Platform</title><style>${STYLE}</style></head><body>
<header><a href="/">Crypto Data Platform</a> <a href="/graphiql">GraphiQL</a></header><main>
<h1>REST</h1>
<p>Reading, over plain HTTP. Each route is a query of the GraphQL API, executed by it behind the same limits; whatever else you need, ask
<code>/graphql</code>. Answers come as JSON, or as CSV with <code>format=csv</code>. Where there is more, the header <code>Link</code>
leads to the next page. The document for tools: <a href="/api/openapi.json">openapi.json</a>.</p>
<ul>${routes.map(({ path }) => `<li><a href="#${anchorOf(path)}"><code>${escapeHtml(toTemplate(path))}</code></a></li>`).join('')}</ul>
${routes.map((route) => routeSection(route, now)).join('\n')}
</main></body></html>
`;
}

function routeSection(route: RestRoute, now: Date): string {
  const link = exampleOf(route, now);
  const separator = link.includes('?') ? '&' : '?';
  return `<section><h2 id="${anchorOf(route.path)}"><code>GET /api${escapeHtml(toTemplate(route.path))}</code></h2>
<p>${escapeHtml(route.description)}</p>
<p>Try <a href="${escapeHtml(link)}"><code>${escapeHtml(link)}</code></a>, or <a href="${escapeHtml(`${link}${separator}format=csv`)}">as CSV</a>.</p>
${route.parameters.length === 0 ? '' : parameterTable(route.parameters)}</section>`;
}

function parameterTable(parameters: readonly Parameter[]): string {
  const rows = parameters.map(({ name, type, required, defaultValue, description }) => {
    const named = getNamedType(type);
    const values = isEnumType(named)
      ? ` One of ${named
          .getValues()
          .map((value) => value.name)
          .join(', ')}.`
      : '';
    const fallback =
      required || defaultValue === undefined ? '' : ` ${isEnumType(named) ? named.serialize(defaultValue) : defaultValue} if left out.`;
    return `<tr><td><code>${escapeHtml(name)}</code>${required ? ' (needed)' : ''}</td><td>${escapeHtml(String(type).replaceAll('!', ''))}</td><td>${escapeHtml(`${description}${values}${fallback}`)}</td></tr>`;
  });
  return `<table><tr><th>parameter</th><th>type</th><th>meaning</th></tr>${rows.join('')}</table>`;
}

function exampleOf({ path, parameters }: RestRoute, now: Date): string {
  const day = 86_400_000;
  const instants: Record<string, string> = { from: new Date(now.getTime() - 30 * day).toISOString(), to: now.toISOString() };
  const exampleValue = ({ name, type }: Parameter) => {
    const instant = instants[name];
    if (instant !== undefined) return getNamedType(type).name === 'Date' ? instant.slice(0, 10) : instant;
    return EXAMPLES[name] ?? '1';
  };
  const query = parameters
    .filter((parameter) => parameter.required && parameter.in === 'query')
    .map((each) => `${each.name}=${exampleValue(each)}`);
  const filled = path.replace(/:(\w+)/g, (_, name: string) => (path.startsWith('/alert-rule') ? '1' : (EXAMPLES[name] ?? '1')));
  return `/api${filled}${query.length === 0 ? '' : `?${query.join('&')}`}`;
}

function anchorOf(path: string): string {
  return path.slice(1).replaceAll(/[^a-z]+/gi, '-');
}

function escapeHtml(text: string): string {
  const signs: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (sign) => signs[sign] as string);
}
