import { Page } from '../../ui/page.js';
export default function AlertsPage(_: { id?: string; tab?: string }) {
  return <Page title="Alerts">soon</Page>;
}
