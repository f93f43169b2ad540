// Light or dark: the system's choice until the person makes one.
const STORED = 'kexin.theme';
type Theme = 'light' | 'dark';

// chosenTheme is what the person chose, if anything.
function chosenTheme(): Theme | undefined {
  try {
    const value = localStorage.getItem(STORED);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the page is dark now. */
export const isDark = (): boolean => (chosenTheme() ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';

/** Puts the choice on the page. */
export function applyTheme(): void {
  const theme = chosenTheme();
  if (theme) document.documentElement.dataset.theme = theme;
}

/** Changes between light and dark and remembers it. */
export function toggleTheme(): void {
  try {
    localStorage.setItem(STORED, isDark() ? 'light' : 'dark');
  } catch { /* not remembered */ }
  applyTheme();
}
