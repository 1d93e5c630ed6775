/** All coins: sorted by any column, searched by name, symbol or id. "/" leads to the search. */
import { type ReactNode, useDeferredValue, useEffect, useMemo, useRef } from 'react';
import { useSearchParams } from 'wouter';
import type { MarketCoin } from '../../api/operations/market.js';
import { plural } from '../../format/figures.js';
import { Icon } from '../../ui/icons.js';
import { Empty, SkeletonRows } from '../../ui/states.js';
import { CoinRow } from './coin-row.js';
import { readSort, type Sort, type SortKey, searchCoins, sortCoins, writeSort } from './order.js';

interface Column {
  key: SortKey;
  label: string;
  className?: string;
  /** What it is, where the label does not say. */
  title?: string;
  /** The first click sorts so. */
  descending: boolean;
}

const SNAPSHOT = 'Of the newest daily snapshot, which is taken after midnight UTC';

const COLUMNS: Column[] = [
  { key: 'rank', label: '#', className: 'number wide rank', title: 'Rank by market cap at the source', descending: false },
  { key: 'name', label: 'Coin', descending: false },
  { key: 'price', label: 'Price', className: 'number', descending: true },
  { key: 'change', label: '24 h', className: 'number', title: 'Against the price 24 hours before', descending: true },
  { key: 'week', label: '7 d', className: 'number wide', title: 'Close of the last day against 7 days before', descending: true },
  { key: 'month', label: '30 d', className: 'number wide', title: 'Close of the last day against 30 days before', descending: true },
  { key: 'cap', label: 'Market cap', className: 'number wide', title: SNAPSHOT, descending: true },
  { key: 'volume', label: 'Volume 24 h', className: 'number wide', title: SNAPSHOT, descending: true },
];
const SKELETON = ['1.5em', '9em', '5em', '4em', '4em', '4em', '5em', '5em', '96px'];

export function MarketTable({ coins, trends }: { coins: readonly MarketCoin[] | null; trends: ReadonlyMap<string, number[]> | null }) {
  const [params, setParams] = useSearchParams();
  const order = params.get('sort');
  const sort = useMemo(() => readSort(order), [order]);
  const words = params.get('search') ?? '';
  // In the address, so that it is found again on the way back.
  const keep = (name: string, value: string) =>
    setParams(
      (before) => {
        const { [name]: _, ...others } = Object.fromEntries(before);
        return value === '' ? others : { ...others, [name]: value };
      },
      { replace: true },
    );
  const wanted = useDeferredValue(words);
  const shown = useMemo(() => sortCoins(searchCoins(coins ?? [], wanted), sort), [coins, wanted, sort]);
  return (
    <section className="panel" aria-label="Coins">
      <div className="panel-head">
        <h2>
          {coins === null ? 'Coins' : wanted === '' ? plural(coins.length, 'coin') : `${shown.length} of ${plural(coins.length, 'coin')}`}
        </h2>
        <Search words={words} onChange={(next) => keep('search', next)} />
      </div>
      <div className="table-scroll">
        <table className="market-table">
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <Heading key={column.key} column={column} sort={sort} onSort={(next) => keep('sort', writeSort(next))} />
              ))}
              <th className="number trend">48 h</th>
            </tr>
          </thead>
          <tbody aria-busy={coins === null}>
            {coins === null ? (
              <SkeletonRows rows={12} widths={SKELETON} />
            ) : (
              shown.map((coin) => <CoinRow key={coin.id} coin={coin} trend={trends?.get(coin.id)} />)
            )}
          </tbody>
        </table>
      </div>
      {coins !== null && shown.length === 0 && <Nothing coins={coins} words={wanted} />}
    </section>
  );
}

function Nothing({ coins, words }: { coins: readonly MarketCoin[]; words: string }): ReactNode {
  if (coins.length === 0) return <Empty title="No coins yet">They appear as soon as the first snapshot of the market is published.</Empty>;
  return <Empty title={`No coin matches “${words}”`}>Search goes by name, symbol or id, such as “btc” or “bitcoin”.</Empty>;
}

function Heading({ column, sort, onSort }: { column: Column; sort: Sort; onSort(sort: Sort): void }) {
  const active = sort.key === column.key;
  return (
    <th className={column.className} aria-sort={active ? (sort.descending ? 'descending' : 'ascending') : undefined} title={column.title}>
      <button
        type="button"
        className="sort"
        onClick={() => onSort({ key: column.key, descending: active ? !sort.descending : column.descending })}
      >
        {column.label}
        <span aria-hidden="true" className="arrow">
          {active ? (sort.descending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}

function Search({ words, onChange }: { words: string; onChange(words: string): void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const jump = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest('input, select, textarea, dialog') !== null;
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', jump);
    return () => removeEventListener('keydown', jump);
  }, []);
  return (
    <label className="search">
      <Icon name="search" size={16} />
      <span className="visually-hidden">Search coins</span>
      <input
        ref={input}
        className="input"
        type="search"
        placeholder="Search"
        value={words}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && onChange('')}
      />
      <kbd title="Press / to search">/</kbd>
    </label>
  );
}
