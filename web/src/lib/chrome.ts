// Header and footer parts that every page has.
import { html, type TemplateResult } from 'lit';
import { language, languageTag, setLanguage, t } from '../i18n/index';
import { isDark, toggleTheme } from './theme';

/** Name and seal, leading home. */
export function brand(sub: string): TemplateResult {
  return html`<a class="brand" href="/"><span class="seal" aria-hidden="true">信</span><span>${t('brand')}<small>${sub}</small></span></a>`;
}

/** Changes between Chinese and English. */
export function languageButton(): TemplateResult {
  const other = language() === 'zh' ? 'en' : 'zh';
  return html`<button type="button" class="button plain small" lang=${other === 'zh' ? 'zh-CN' : 'en'} id="language"
    @click=${() => setLanguage(other)}>${other === 'zh' ? '中文' : 'English'}</button>`;
}

/** Changes between light and dark; changed is called afterwards. */
export function themeButton(changed: () => void): TemplateResult {
  return html`<button type="button" class="button plain small" id="theme" @click=${() => { toggleTheme(); changed(); }}>
    ${t(isDark() ? 'theme.light' : 'theme.dark')}</button>`;
}

/** The foot of public pages. */
export function footer(): TemplateResult {
  return html`<footer class="foot"><div class="wide">${t('footer')}</div></footer>`;
}

/** Sets language and title of the document. */
export function documentLanguage(title: string): void {
  document.documentElement.lang = languageTag();
  document.title = `${title} · ${t('brand')}`;
}
