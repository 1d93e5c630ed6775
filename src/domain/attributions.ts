/** The words and the link that a source's terms ask to be shown wherever its data are, by its name in the `source` columns. */
export const ATTRIBUTIONS: Record<string, string> = {
  // https://brand.coingecko.com/resources/attribution-guide
  coingecko: 'Data provided by CoinGecko (https://www.coingecko.com)',
  simulator: 'Simulated data: no real prices. Names and ids of coins as on CoinGecko (https://www.coingecko.com)',
};
