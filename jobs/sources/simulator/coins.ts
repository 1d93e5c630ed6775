/**
 * The simulated market's coins: real ids, names and symbols; price levels and supplies rounded, as they were towards the end of 2025.
 * They are where the walks wander around, not data: nothing here is exact or kept up to date.
 */

export interface SimulatedCoin {
  id: string;
  symbol: string;
  name: string;
  /** USD; of a coin that follows another one, its price in that coin. */
  level: number;
  circulatingSupply: number;
  totalSupply: number | null;
  maxSupply: number | null;
  /** How far it goes with the market; null: worth a dollar. */
  beta: number | null;
  /** Standard deviation of a day's move of its own, percent. */
  ownPct: number;
  /** Share of the market cap that changes hands in a day, percent. */
  turnoverPct: number;
  follows?: string;
}

type Row = [
  id: string,
  symbol: string,
  name: string,
  level: number,
  circulating: number,
  total: number | null,
  max: number | null,
  beta: number | null,
  ownPct: number,
  turnoverPct: number,
  follows?: string,
];

const ROWS: Row[] = [
  ['bitcoin', 'btc', 'Bitcoin', 95_000, 19.95e6, 19.95e6, 21e6, 1, 0.7, 3],
  ['ethereum', 'eth', 'Ethereum', 3_200, 120.7e6, 120.7e6, null, 1.2, 1.6, 6],
  ['tether', 'usdt', 'Tether', 1, 184e9, 189e9, null, null, 0.04, 60],
  ['ripple', 'xrp', 'XRP', 2.2, 60.2e9, 99.985e9, 100e9, 1.1, 2.4, 4],
  ['binancecoin', 'bnb', 'BNB', 930, 137.7e6, 137.7e6, 200e6, 0.9, 1.5, 2],
  ['solana', 'sol', 'Solana', 142, 554e6, 614e6, null, 1.3, 2.2, 7],
  ['usd-coin', 'usdc', 'USDC', 1, 74.5e9, 74.5e9, null, null, 0.03, 20],
  ['staked-ether', 'steth', 'Lido Staked Ether', 0.9994, 8.6e6, 8.6e6, null, 1, 0.05, 0.2, 'ethereum'],
  ['tron', 'trx', 'TRON', 0.29, 94.7e9, 94.7e9, null, 0.5, 1.6, 3],
  ['dogecoin', 'doge', 'Dogecoin', 0.16, 151.8e9, 151.8e9, null, 1.3, 3.0, 7],
  ['cardano', 'ada', 'Cardano', 0.5, 35.8e9, 45e9, 45e9, 1.2, 2.5, 4],
  ['wrapped-steth', 'wsteth', 'Wrapped stETH', 1.22, 3.4e6, 3.4e6, null, 1, 0.05, 0.3, 'ethereum'],
  ['wrapped-bitcoin', 'wbtc', 'Wrapped Bitcoin', 0.998, 125e3, 125e3, 125e3, 1, 0.05, 2, 'bitcoin'],
  ['hyperliquid', 'hype', 'Hyperliquid', 38, 270e6, 999.8e6, 1e9, 1.2, 3.6, 4],
  ['bitcoin-cash', 'bch', 'Bitcoin Cash', 500, 19.96e6, 19.96e6, 21e6, 1, 2.2, 4],
  ['chainlink', 'link', 'Chainlink', 14, 696e6, 1e9, 1e9, 1.3, 2.4, 6],
  ['usds', 'usds', 'USDS', 1, 9.2e9, 9.2e9, null, null, 0.04, 1],
  ['ethena-usde', 'usde', 'Ethena USDe', 1, 8.2e9, 8.2e9, null, null, 0.05, 2],
  ['leo-token', 'leo', 'LEO Token', 9.3, 922e6, 985e6, null, 0.2, 0.9, 0.1],
  ['stellar', 'xlm', 'Stellar', 0.26, 32.2e9, 50e9, 50e9, 1.1, 2.4, 3],
  ['monero', 'xmr', 'Monero', 400, 18.4e6, 18.4e6, null, 0.7, 2.4, 2],
  ['zcash', 'zec', 'Zcash', 550, 16.3e6, 16.3e6, 21e6, 0.9, 5.0, 12],
  ['weth', 'weth', 'WETH', 1, 2.4e6, 2.4e6, null, 1, 0.03, 12, 'ethereum'],
  ['litecoin', 'ltc', 'Litecoin', 95, 76.5e6, 84e6, 84e6, 1, 2.0, 8],
  ['sui', 'sui', 'Sui', 1.7, 3.68e9, 10e9, 10e9, 1.5, 2.8, 12],
  ['avalanche-2', 'avax', 'Avalanche', 15.5, 427e6, 460e6, 720e6, 1.3, 2.4, 6],
  ['hedera-hashgraph', 'hbar', 'Hedera', 0.15, 42.5e9, 50e9, 50e9, 1.2, 2.6, 4],
  ['shiba-inu', 'shib', 'Shiba Inu', 8.9e-6, 589.2e12, 589.5e12, null, 1.3, 2.8, 3],
  ['the-open-network', 'ton', 'Toncoin', 1.85, 2.46e9, 5.14e9, null, 1, 2.2, 3],
  ['dai', 'dai', 'Dai', 1, 4.4e9, 4.4e9, null, null, 0.04, 3],
  ['crypto-com-chain', 'cro', 'Cronos', 0.11, 37e9, 98e9, 100e9, 1.1, 2.6, 1],
  ['paypal-usd', 'pyusd', 'PayPal USD', 1, 3.8e9, 3.8e9, null, null, 0.04, 2],
  ['polkadot', 'dot', 'Polkadot', 2.8, 1.63e9, 1.63e9, null, 1.2, 2.3, 5],
  ['mantle', 'mnt', 'Mantle', 1.15, 3.25e9, 6.2e9, 6.2e9, 1.2, 2.6, 4],
  ['bittensor', 'tao', 'Bittensor', 330, 10.2e6, 21e6, 21e6, 1.3, 3.2, 5],
  ['near', 'near', 'NEAR Protocol', 2.5, 1.28e9, 1.28e9, null, 1.3, 2.8, 10],
  ['uniswap', 'uni', 'Uniswap', 7.3, 630e6, 1e9, 1e9, 1.3, 2.9, 8],
  ['usd1-wlfi', 'usd1', 'USD1', 1, 2.7e9, 2.7e9, null, null, 0.05, 15],
  ['aave', 'aave', 'Aave', 175, 15.2e6, 16e6, 16e6, 1.4, 2.7, 11],
  ['bitget-token', 'bgb', 'Bitget Token', 3.8, 700e6, 920e6, 2e9, 0.8, 1.8, 4],
  ['okb', 'okb', 'OKB', 115, 21e6, 21e6, 21e6, 0.9, 2.4, 3],
  ['tether-gold', 'xaut', 'Tether Gold', 4_080, 520e3, 520e3, null, 0.05, 0.9, 10],
  ['pax-gold', 'paxg', 'PAX Gold', 4_085, 400e3, 400e3, null, 0.05, 0.9, 12],
  ['pepe', 'pepe', 'Pepe', 4.8e-6, 420.69e12, 420.69e12, 420.69e12, 1.5, 4.0, 17],
  ['internet-computer', 'icp', 'Internet Computer', 5, 543e6, 545e6, null, 1.2, 3.2, 7],
  ['ethereum-classic', 'etc', 'Ethereum Classic', 15, 154e6, 210.7e6, 210.7e6, 1.1, 2.0, 4],
  ['aptos', 'apt', 'Aptos', 3.2, 735e6, 1.19e9, null, 1.3, 2.6, 8],
  ['ondo-finance', 'ondo', 'Ondo', 0.55, 3.16e9, 10e9, 10e9, 1.3, 2.7, 5],
  ['ethena', 'ena', 'Ethena', 0.28, 7.4e9, 15e9, 15e9, 1.6, 3.2, 11],
  ['kaspa', 'kas', 'Kaspa', 0.048, 27e9, 28.7e9, 28.7e9, 1.1, 3.0, 3],
  ['polygon-ecosystem-token', 'pol', 'POL (ex-MATIC)', 0.15, 10.6e9, 10.6e9, null, 1.2, 2.4, 5],
  ['worldcoin-wld', 'wld', 'Worldcoin', 0.68, 2.3e9, 10e9, 10e9, 1.5, 3.3, 9],
  ['quant-network', 'qnt', 'Quant', 82, 12.07e6, 14.88e6, 14.88e6, 1, 2.5, 3],
  ['algorand', 'algo', 'Algorand', 0.15, 8.8e9, 10e9, 10e9, 1.2, 2.4, 4],
  ['kucoin-shares', 'kcs', 'KuCoin', 12, 130e6, 142e6, 200e6, 0.7, 1.4, 0.4],
  ['cosmos', 'atom', 'Cosmos Hub', 2.8, 478e6, 478e6, null, 1.2, 2.2, 6],
  ['vechain', 'vet', 'VeChain', 0.0155, 86e9, 86e9, 86.7e9, 1.2, 2.3, 3],
  ['arbitrum', 'arb', 'Arbitrum', 0.22, 5.6e9, 10e9, 10e9, 1.4, 2.6, 9],
  ['filecoin', 'fil', 'Filecoin', 1.8, 710e6, 1.96e9, 1.96e9, 1.3, 2.7, 12],
  ['flare-networks', 'flr', 'Flare', 0.0155, 78e9, 104e9, null, 1, 2.3, 1],
  ['gatechain-token', 'gt', 'Gate', 10.5, 116e6, 300e6, null, 0.7, 1.3, 0.6],
  ['render-token', 'render', 'Render', 2, 519e6, 533e6, 644e6, 1.4, 2.9, 5],
  ['sei-network', 'sei', 'Sei', 0.155, 6.3e9, 10e9, 10e9, 1.4, 2.7, 7],
  ['pump-fun', 'pump', 'Pump.fun', 0.0029, 354e9, 1e12, 1e12, 1.6, 4.6, 13],
  ['official-trump', 'trump', 'Official Trump', 6.8, 200e6, 1e9, 1e9, 1.3, 3.6, 15],
  ['bonk', 'bonk', 'Bonk', 1.05e-5, 82e12, 87.8e12, 87.8e12, 1.5, 3.8, 14],
  ['sky', 'sky', 'Sky', 0.052, 23e9, 23e9, null, 0.8, 2.3, 1],
  ['pudgy-penguins', 'pengu', 'Pudgy Penguins', 0.0125, 62.8e9, 76.7e9, 88.9e9, 1.6, 4.2, 20],
  ['optimism', 'op', 'Optimism', 0.37, 1.9e9, 4.29e9, 4.29e9, 1.4, 2.7, 11],
  ['lido-dao', 'ldo', 'Lido DAO', 0.72, 896e6, 1e9, 1e9, 1.4, 2.7, 9],
  ['immutable-x', 'imx', 'Immutable', 0.34, 1.95e9, 2e9, 2e9, 1.4, 2.8, 4],
  ['fetch-ai', 'fet', 'Artificial Superintelligence Alliance', 0.27, 2.36e9, 2.71e9, 2.71e9, 1.4, 3.3, 14],
  ['injective-protocol', 'inj', 'Injective', 6.4, 100e6, 100e6, null, 1.4, 2.7, 10],
  ['curve-dao-token', 'crv', 'Curve DAO', 0.43, 1.44e9, 2.3e9, 3.03e9, 1.4, 2.9, 12],
  ['blockstack', 'stx', 'Stacks', 0.34, 1.8e9, 1.8e9, 1.818e9, 1.3, 2.7, 4],
  ['celestia', 'tia', 'Celestia', 0.7, 860e6, 1.15e9, null, 1.4, 3.0, 9],
  ['tezos', 'xtz', 'Tezos', 0.52, 1.06e9, 1.08e9, null, 1.1, 2.2, 4],
  ['the-graph', 'grt', 'The Graph', 0.052, 10.6e9, 10.8e9, 10.8e9, 1.3, 2.5, 5],
  ['floki', 'floki', 'FLOKI', 5e-5, 9.54e12, 9.65e12, 10e12, 1.5, 3.6, 9],
  ['iota', 'iota', 'IOTA', 0.11, 4.1e9, 4.7e9, null, 1.2, 2.4, 3],
  ['jupiter-exchange-solana', 'jup', 'Jupiter', 0.25, 3.16e9, 6.86e9, 6.86e9, 1.4, 2.9, 5],
  ['bittorrent', 'btt', 'BitTorrent', 4.6e-7, 986e12, 990e12, null, 0.9, 1.8, 4],
  ['bitcoin-cash-sv', 'bsv', 'Bitcoin SV', 21, 19.95e6, 19.95e6, 21e6, 1, 2.0, 5],
  ['dogwifcoin', 'wif', 'dogwifhat', 0.4, 998.9e6, 998.9e6, 998.9e6, 1.6, 4.2, 28],
  ['gala', 'gala', 'GALA', 0.0082, 46e9, 46e9, 50e9, 1.4, 2.8, 10],
  ['ecash', 'xec', 'eCash', 1.2e-5, 19.9e12, 19.9e12, 21e12, 1.1, 2.2, 3],
  ['pancakeswap-token', 'cake', 'PancakeSwap', 2.3, 340e6, 350e6, 450e6, 1.2, 2.6, 9],
  ['thorchain', 'rune', 'THORChain', 0.75, 351e6, 425e6, 500e6, 1.3, 2.8, 9],
  ['raydium', 'ray', 'Raydium', 1.1, 268e6, 555e6, 555e6, 1.5, 3.3, 12],
  ['helium', 'hnt', 'Helium', 2.2, 186e6, null, 223e6, 1.2, 3.0, 3],
  ['dash', 'dash', 'Dash', 65, 12.5e6, 12.5e6, 18.9e6, 1, 4.4, 25],
  ['the-sandbox', 'sand', 'The Sandbox', 0.155, 2.65e9, 3e9, 3e9, 1.4, 2.6, 9],
  ['chiliz', 'chz', 'Chiliz', 0.031, 10.2e9, 10.2e9, null, 1.3, 2.6, 12],
  ['decentraland', 'mana', 'Decentraland', 0.175, 1.92e9, 2.19e9, null, 1.4, 2.6, 9],
  ['apenft', 'nft', 'AINFT', 3.5e-7, 990e12, 999.9e12, null, 0.8, 1.7, 6],
  ['beam-2', 'beam', 'Beam', 0.005, 51e9, 62e9, null, 1.4, 3.2, 3],
  ['baby-doge-coin', 'babydoge', 'Baby Doge Coin', 8.5e-10, 156e15, 209e15, 420e15, 1.4, 3.6, 6],
  ['mog-coin', 'mog', 'Mog Coin', 3.3e-7, 390.6e12, 390.6e12, 420.69e12, 1.6, 4.4, 16],
  ['decred', 'dcr', 'Decred', 25, 17.2e6, 17.2e6, 21e6, 0.9, 3.0, 4],
  ['beam', 'beam', 'BEAM', 0.026, 180e6, 180e6, 262.8e6, 1, 3.2, 2],
];

export const SIMULATED_COINS: readonly SimulatedCoin[] = ROWS.map(
  ([id, symbol, name, level, circulatingSupply, totalSupply, maxSupply, beta, ownPct, turnoverPct, follows]) => {
    return { id, symbol, name, level, circulatingSupply, totalSupply, maxSupply, beta, ownPct, turnoverPct, follows };
  },
);
