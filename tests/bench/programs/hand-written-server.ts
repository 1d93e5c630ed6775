/**
 * The limit of what a gateway can do: the same answers from node:http and pg, written for these two questions alone. Named prepared
 * statements; the list of coins through JSON.stringify, the candles as JSON that Postgres builds. Argument: the URL of the database.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';

const CONNECTIONS = 20; // as many as the gateway has

const COINS = `
SELECT c.coin_id, c.symbol, c.name, c.rank, trim_scale(l.price_usd)::text AS usd, l.observed_at,
  trim_scale(c.market_cap_usd)::text AS cap, trim_scale(c.volume_24h_usd)::text AS volume, p.return_1d_pct, p.return_7d_pct
FROM mart.mart_coins AS c
LEFT JOIN mart.mart_latest_prices AS l USING (coin_id)
LEFT JOIN mart.mart_crypto_performance AS p ON p.coin_id = c.coin_id AND p.day = (SELECT max(day) FROM mart.mart_crypto_performance)
WHERE $1::text[] IS NULL OR c.coin_id = ANY ($1)
ORDER BY c.rank NULLS LAST, c.coin_id COLLATE "C" LIMIT $2`;

const CANDLES = `
SELECT '{"data":{"coins":{"nodes":' || json_agg(coin ORDER BY rank NULLS LAST, coin.id COLLATE "C") || '}}}' AS body
FROM (
  SELECT coin_id, rank FROM mart.mart_coins WHERE $1::text[] IS NULL OR coin_id = ANY ($1) ORDER BY rank NULLS LAST, coin_id COLLATE "C" LIMIT $2
) AS c
CROSS JOIN LATERAL (
  SELECT coalesce(json_agg(candle ORDER BY candle."bucketStart"), '[]') AS candles
  FROM (
    SELECT to_char(bucket_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "bucketStart",
      trim_scale(open)::text AS open, trim_scale(high)::text AS high, trim_scale(low)::text AS low, trim_scale(close)::text AS close
    FROM mart.mart_price_candles AS m WHERE m.coin_id = c.coin_id AND m.interval = '1h' ORDER BY bucket_start DESC LIMIT 30
  ) AS candle
) AS series
CROSS JOIN LATERAL (SELECT c.coin_id AS id, series.candles) AS coin`;

interface Variables {
  first: number;
  ids?: string[];
}

const pool = new pg.Pool({ connectionString: process.argv[2], max: CONNECTIONS });
const answers: Record<string, (variables: Variables) => Promise<string>> = {
  async '/coins'({ first, ids }) {
    const { rows } = await pool.query({ name: 'coins', text: COINS, values: [ids ?? null, first] });
    const nodes = rows.map((row) => ({
      id: row.coin_id,
      symbol: row.symbol,
      name: row.name,
      rank: row.rank,
      price: row.usd === null ? null : { usd: row.usd, observedAt: row.observed_at },
      market: { marketCapUsd: row.cap, volume24hUsd: row.volume },
      performance: { return1dPct: row.return_1d_pct, return7dPct: row.return_7d_pct },
    }));
    return JSON.stringify({ data: { coins: { nodes } } });
  },
  async '/candles'({ first, ids }) {
    const { rows } = await pool.query({ name: 'candles', text: CANDLES, values: [ids ?? null, first] });
    return rows[0].body;
  },
};

const server = createServer(async (request, response) => {
  const body = await read(request);
  const answer = Buffer.from((await answers[request.url as string]?.((JSON.parse(body) as { variables: Variables }).variables)) ?? '');
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': answer.length });
  response.end(answer);
});

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit(0));
