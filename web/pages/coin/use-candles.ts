/** A coin's candles: those of the past from a query, the last one live. After a break they are asked for anew, for candles have no cursor. */
import { useEffect, useMemo, useState } from 'react';
import { useAnswer } from '../../api/client.js';
import { CANDLES, type CandleFields, type CandleInterval } from '../../api/operations/coin.js';
import { CANDLE_UPDATES } from '../../api/operations/live.js';
import { follow } from '../../api/socket.js';
import { useStream } from '../../live/prices.js';
import { merge } from './merge-candles.js';

/** The subscription tells of a bucket while it fills; one that ended between the answer and that is in the next answer alone. */
const ASK_AGAIN_MS = 60_000;

export function useCandles(id: string, interval: CandleInterval) {
  const variables = useMemo(() => ({ id, interval }), [id, interval]);
  const { data, problem, refresh } = useAnswer(CANDLES, variables, { everyMs: ASK_AGAIN_MS });
  const live = useLiveCandles(id, interval, data?.coin != null);
  const lastBreak = useStream((stream) => stream.continuity.resumptions[0]?.backAt);
  useEffect(() => {
    if (lastBreak !== undefined) refresh();
  }, [lastBreak, refresh]);
  // While another interval is asked for, the answer and the updates of the one before may still be here.
  const candles = useMemo(
    () => merge(data?.coin?.candles ?? [], live).filter((candle) => candle.interval === interval),
    [data, live, interval],
  );
  return { candles, loaded: data !== undefined, problem, refresh };
}

/** Of a coin that is known to be followed: of any other one the subscription is refused. */
function useLiveCandles(id: string, interval: CandleInterval, followed: boolean): ReadonlyMap<string, CandleFields> {
  const [live, setLive] = useState<ReadonlyMap<string, CandleFields>>(new Map());
  useEffect(() => {
    setLive(new Map());
    if (!followed) return;
    return follow(
      CANDLE_UPDATES,
      { coinId: id, interval },
      { next: ({ candleUpdated }) => setLive((before) => new Map(before).set(candleUpdated.bucketStart, candleUpdated)) },
    );
  }, [id, interval, followed]);
  return live;
}
