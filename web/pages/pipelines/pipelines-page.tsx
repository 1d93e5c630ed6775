import { Page } from '../../ui/page.js';
export default function PipelinesPage(_: { id?: string; tab?: string }) {
  return <Page title="Pipelines">soon</Page>;
}
