/**
 * Candles on a canvas (TradingView's lightweight-charts). Bars are placed by floats; what is written beside them has every digit.
 * Must stay true: the last bar moves with the stream; the reader's place in the past is not taken away by a new bar.
 */
import {
  type CandlestickData,
  CandlestickSeries,
  createChart,
  type IChartApi,
  type ISeriesApi,
  LineSeries,
  type UTCTimestamp,
} from 'lightweight-charts';
import { useEffect, useRef } from 'react';
import type { CandleFields } from '../../api/operations/coin.js';
import { formatPrice, group, toPlot } from '../../format/decimal.js';
import { onThemeChange, readColours } from './chart-colours.js';
import { type Drawn, drawnOf, grows } from './merge-candles.js';

interface CandleChartProps {
  candles: readonly CandleFields[];
  /** Another one: another place in time, another scale. */
  series: string;
  showTime: boolean;
  label: string;
  onPoint(candle: CandleFields | null): void;
}

interface Chart {
  chart: IChartApi;
  bars: ISeriesApi<'Candlestick'>;
  /** Closes, behind the bars: buckets of history may hold one observation, whose bar is a dash. */
  line: ISeriesApi<'Line'>;
}

function timeOf({ bucketStart }: CandleFields): UTCTimestamp {
  return (Date.parse(bucketStart) / 1_000) as UTCTimestamp;
}

function toBar(candle: CandleFields): CandlestickData {
  const { open, high, low, close } = candle;
  return { time: timeOf(candle), open: toPlot(open), high: toPlot(high), low: toPlot(low), close: toPlot(close) };
}

export function CandleChart({ candles, series, showTime, label, onPoint }: CandleChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<Chart | null>(null);
  const shown = useRef<Drawn | null>(null);
  const known = useRef(candles);
  known.current = candles;

  useEffect(() => {
    const chart = draw(place.current as HTMLDivElement, (time) => onPoint(known.current.find((candle) => timeOf(candle) === time) ?? null));
    drawn.current = chart;
    return () => {
      drawn.current = null;
      shown.current = null;
      chart.remove();
    };
  }, [onPoint]);

  useEffect(() => {
    const { chart, bars, line } = drawn.current ?? {};
    if (chart === undefined || bars === undefined || line === undefined || candles.length === 0) return;
    const before = shown.current;
    if (before !== null && grows(before, series, candles)) {
      // The last bar, and the one before: an update may have completed that, while the last one began.
      for (const candle of candles.slice(-2)) {
        const behind = candle.bucketStart < before.last;
        bars.update(toBar(candle), behind);
        line.update({ time: timeOf(candle), value: toPlot(candle.close) }, behind);
      }
    } else {
      const precision = precisionOf(candles.at(-1)?.close ?? '1');
      const formatter = (price: number) => group(price.toFixed(precision));
      // The scale takes the format of its first series.
      for (const each of [line, bars]) each.applyOptions({ priceFormat: { type: 'custom', formatter, minMove: 10 ** -precision } });
      bars.setData(candles.map(toBar));
      line.setData(candles.map((candle) => ({ time: timeOf(candle), value: toPlot(candle.close) })));
      chart.applyOptions({ timeScale: { timeVisible: showTime } });
      if (before?.series !== series) chart.timeScale().setVisibleLogicalRange({ from: candles.length - 120, to: candles.length + 4 });
    }
    shown.current = drawnOf(series, candles);
  }, [candles, series, showTime]);

  return <div ref={place} className="chart" role="img" aria-label={label} />;
}

/** As many places as the price itself is shown with. */
function precisionOf(price: string): number {
  return formatPrice(price).split('.')[1]?.length ?? 2;
}

function draw(place: HTMLDivElement, onTime: (time: UTCTimestamp | null) => void): Chart & { remove(): void } {
  const chart = createChart(place, {
    autoSize: true,
    // Named in words below the chart instead: its logo makes a style element, which the page's policy forbids.
    layout: { attributionLogo: false, background: { color: 'transparent' }, fontFamily: getComputedStyle(place).fontFamily, fontSize: 11 },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.06 } },
    timeScale: { borderVisible: false, secondsVisible: false },
    crosshair: { mode: 0 },
    handleScroll: { vertTouchDrag: false },
  });
  const line = chart.addSeries(LineSeries, {
    lineWidth: 1,
    priceLineVisible: false,
    lastValueVisible: false,
    crosshairMarkerVisible: false,
  });
  const bars = chart.addSeries(CandlestickSeries, { borderVisible: false });
  const paint = () => {
    const colours = readColours(place);
    chart.applyOptions({
      layout: { textColor: colours.text },
      grid: { vertLines: { color: 'transparent' }, horzLines: { color: colours.line } },
    });
    line.applyOptions({ color: colours.trace });
    bars.applyOptions({ upColor: colours.up, downColor: colours.down, wickUpColor: colours.up, wickDownColor: colours.down });
  };
  paint();
  const unlisten = onThemeChange(paint);
  chart.subscribeCrosshairMove(({ time }) => onTime((time as UTCTimestamp | undefined) ?? null));
  return {
    chart,
    bars,
    line,
    remove() {
      unlisten();
      chart.remove();
    },
  };
}
