import { Page } from '../../ui/page.js';
export default function CoinPage(_: { id?: string; tab?: string }) {
  return <Page title="Coin">soon</Page>;
}
