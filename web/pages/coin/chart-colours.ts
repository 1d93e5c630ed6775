/** The theme's colours as a canvas takes them: resolved to rgb. */
export interface ChartColours {
  text: string;
  line: string;
  /** Fainter than text, stronger than the grid. */
  trace: string;
  up: string;
  down: string;
}

export function readColours(element: HTMLElement): ChartColours {
  const probe = document.createElement('span');
  element.append(probe);
  const resolve = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = { text: resolve('muted'), line: resolve('line-soft'), trace: resolve('trace'), up: resolve('up'), down: resolve('down') };
  probe.remove();
  return colours;
}

/** Told when the reader or the system changes the theme. */
export function onThemeChange(listener: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', listener);
  addEventListener('themechange', listener);
  return () => {
    system.removeEventListener('change', listener);
    removeEventListener('themechange', listener);
  };
}
