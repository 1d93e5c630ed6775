/** Light, dark, or as the system has it; kept in this browser (public/theme.js applies it before the first paint). */
import { useState } from 'react';
import { browserStorage } from '../../api/storage.js';
import { Icon, type IconName } from '../../ui/icons.js';

type Theme = 'system' | 'light' | 'dark';

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const ICONS: Record<Theme, IconName> = { system: 'system', light: 'sun', dark: 'moon' };

function currentTheme(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  browserStorage.set('theme', theme === 'system' ? null : theme);
  // Charts are drawn with the colours of the moment.
  dispatchEvent(new Event('themechange'));
}

export function ThemeSwitch() {
  const [theme, setTheme] = useState(currentTheme);
  const next = () => {
    apply(NEXT[theme]);
    setTheme(NEXT[theme]);
  };
  const label = `Theme: ${theme}. Change to ${NEXT[theme]}`;
  return (
    <button type="button" className="icon-button" onClick={next} aria-label={label} title={label}>
      <Icon name={ICONS[theme]} />
    </button>
  );
}
