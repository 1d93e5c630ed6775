/** How the data is made: the datasets, the runs that make them, and what failed validation. */
import './pipelines.css';
import { Tabs } from '../../ui/controls/tabs.js';
import { Page } from '../../ui/page.js';
import { Datasets } from './datasets.js';
import { Failures } from './failures.js';
import { Runs } from './runs.js';

const TABS = [
  { name: 'datasets', label: 'Datasets' },
  { name: 'runs', label: 'Runs' },
  { name: 'failures', label: 'Failures' },
];

export default function PipelinesPage({ tab }: { tab: string }) {
  const tabs = TABS.map(({ name, label }) => ({
    href: name === 'datasets' ? '/pipelines' : `/pipelines/${name}`,
    label,
    current: name === tab,
  }));
  return (
    <Page title="Pipelines" actions={<Tabs label="Parts of pipelines" tabs={tabs} />}>
      {tab === 'runs' ? <Runs /> : tab === 'failures' ? <Failures /> : <Datasets />}
    </Page>
  );
}
