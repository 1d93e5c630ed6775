/** Equal queries that come together share an execution: nobody sees less than what was committed before they asked, or what is another's. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AS_OPERATOR, type Reply, startTestGateway, type TestGateway } from '../kit/gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

/** Whoever reads the table waits until `work` is done. */
async function whileLocked(table: string, work: (reader: () => Promise<void>) => Promise<void>): Promise<void> {
  const lock = await gateway.db.pool.connect();
  try {
    await lock.query('BEGIN');
    await lock.query(`LOCK TABLE ${table}`);
    await work(async () => {
      const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = $1::regclass
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      while ((await lock.query(waiting, [table])).rowCount === 0);
    });
  } finally {
    await lock.query('COMMIT');
    lock.release();
  }
}

const rename = (name: string) => gateway.db.pool.query("UPDATE mart.mart_coins SET name = $1 WHERE coin_id = 'ethereum'", [name]);
const ETHEREUM = '{ coins(filter: {ids: ["ethereum"]}) { nodes { name price { usd } } } }';
const nameIn = ({ json }: Reply) => json.data.coins.nodes[0].name;

describe('equal queries', () => {
  test('see all that was committed before they came, also where one is under way that saw less', async () => {
    const asked: Promise<Reply>[] = [];
    // It has read the name, and waits for the price.
    await whileLocked('mart.mart_latest_prices', async (aReaderWaits) => {
      asked.push(gateway.ask(ETHEREUM));
      await aReaderWaits();
      await rename('Ether');
      asked.push(...Array.from({ length: 5 }, () => gateway.ask(ETHEREUM)));
      // Answered after the five were sent, though not by way of them.
      expect((await gateway.ask('{ coin(id: "ethereum") { name } }')).json.data.coin.name).toBe('Ether');
    });
    expect((await Promise.all(asked)).map(nameIn)).toEqual(['Ethereum', ...Array(5).fill('Ether')]);
    await rename('Ethereum');
    expect(nameIn(await gateway.ask(ETHEREUM))).toBe('Ethereum');
  });

  test('under a stream of changes: each sees at least the last one before it', async () => {
    const versions = 40;
    let committed = 0;
    const changes = (async () => {
      for (let version = 1; version <= versions; version++) {
        await rename(String(version));
        committed = version;
      }
    })();
    const readers = Array.from({ length: 8 }, async () => {
      const seen: { atLeast: number; got: number }[] = [];
      while (committed < versions) {
        const atLeast = committed;
        const reply = await gateway.ask('{ coins(first: 1, filter: {ids: ["ethereum"]}) { nodes { name } } }');
        seen.push({ atLeast, got: Number(nameIn(reply)) || 0 });
      }
      return seen;
    });
    const seen = (await Promise.all(readers)).flat();
    await changes;
    await rename('Ethereum');
    expect(seen.filter(({ atLeast, got }) => got < atLeast)).toEqual([]);
    expect(seen.some(({ got }) => got > 0 && got < versions)).toBe(true);
  });

  test('with other rights are never answered from one another', async () => {
    const query = '{ deadLetters { nodes { id } } }';
    let operator: Promise<Reply> | undefined;
    await whileLocked('ops.dead_letters', async (aReaderWaits) => {
      operator = gateway.ask(query, {}, AS_OPERATOR);
      await aReaderWaits();
      for (const headers of [{}, { authorization: 'Bearer wrong' }] as Record<string, string>[]) {
        expect((await gateway.ask(query, {}, headers)).json).toMatchObject({
          data: null,
          errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
        });
      }
    });
    expect((await operator)?.json.data.deadLetters.nodes).toHaveLength(2);
  });

  test('a crowd of all kinds: everyone gets the answer to what they asked', async () => {
    const ids = ['bitcoin', 'ethereum', 'tether', 'dogecoin', 'unknown'];
    const query = 'query ($id: ID!, $more: Boolean = false) { coin(id: $id) { id symbol @include(if: $more) } }';
    const crowd = Array.from({ length: 120 }, (_, n) => ({ id: ids[n % ids.length] as string, more: n % 3 === 0, guarded: n % 7 === 0 }));
    const replies = await Promise.all(
      crowd.map(({ id, more, guarded }) => (guarded ? gateway.ask('{ rejectedRows { nodes { id } } }') : gateway.ask(query, { id, more }))),
    );
    for (const [n, { id, more, guarded }] of crowd.entries()) {
      const { data, errors } = replies[n]?.json ?? {};
      if (guarded) expect([data, errors[0].extensions.code]).toEqual([null, 'UNAUTHENTICATED']);
      else expect(Object.keys(data.coin ?? {})).toEqual(id === 'unknown' ? [] : more ? ['id', 'symbol'] : ['id']);
      if (!guarded && id !== 'unknown') expect(data.coin.id).toBe(id);
    }
  });

  test('fail together, each with an id of its own that the log knows; the next one is well', async () => {
    await gateway.db.pool.query('ALTER TABLE ops.datasets RENAME TO datasets_gone');
    const replies = await Promise.all(Array.from({ length: 6 }, () => gateway.ask('{ datasets { name } }')));
    await gateway.db.pool.query('ALTER TABLE ops.datasets_gone RENAME TO datasets');
    const ids = replies.map(({ json }) => json.errors[0].extensions.id as string);
    expect(new Set(ids).size).toBe(6);
    for (const id of ids) expect(gateway.log.some((line) => line.includes(id) && line.includes('does not exist'))).toBe(true);
    expect((await gateway.ask('{ datasets { name } }')).json.data.datasets).toHaveLength(3);
  });

  test('lose nothing when one of them hangs up, be it the first or one that waits', async () => {
    const replies: Promise<Reply>[] = [];
    const gone: Promise<unknown>[] = [];
    /** Resolves to how to hang up, once the query is sent. */
    const askAndLeave = async () => {
      const sent = request(`${gateway.url}/graphql`, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } });
      gone.push(new Promise((resolve) => sent.on('error', resolve)));
      await new Promise<void>((resolve) => sent.end(JSON.stringify({ query: ETHEREUM }), resolve));
      return () => sent.destroy(new Error('gone'));
    };
    await whileLocked('mart.mart_latest_prices', async (aReaderWaits) => {
      const first = await askAndLeave();
      await aReaderWaits();
      replies.push(gateway.ask(ETHEREUM));
      const waiting = await askAndLeave();
      replies.push(gateway.ask(ETHEREUM));
      first();
      waiting();
      await Promise.all(gone);
    });
    expect((await Promise.all(replies)).map(nameIn)).toEqual(['Ethereum', 'Ethereum']);
  });

  test('that are mutations run each for itself', async () => {
    const mutation = 'mutation { createAlertRule(input: {name: "twice", kind: PRICE_ABOVE, threshold: 1}) { id } }';
    const replies = await Promise.all([1, 2, 3].map(() => gateway.ask(mutation, {}, AS_OPERATOR)));
    expect(new Set(replies.map(({ json }) => json.data.createAlertRule.id)).size).toBe(3);
  });
});
